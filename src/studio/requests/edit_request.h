// The request of mode Edit: one segment made anew, or the whole song morphed to another caption.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "base/fields.h"
#include "studio/requests/repaint_controls.h"
#include "studio/requests/song_controls.h"

namespace ams {

enum class EditMode { Repaint, FlowEdit };

// A value type. Texts are UTF-8.
struct EditRequest : SongControls {
  std::string source_audio;  // file, 1-240 s
  EditMode sub_mode = EditMode::Repaint;
  std::string prompt;         // on the wire "edit_prompt", 0-512 characters; FlowEdit needs it
  std::string lyrics;         // "target_lyrics", 0-4096 characters
  std::string source_lyrics;  // FlowEdit only

  // Repaint
  double segment_start_seconds = 0;           // >= 0
  std::optional<double> segment_end_seconds;  // absent: 30 s, or the end of a shorter song
  RepaintControls repaint;                    // fades last at least 10 ms, outside of the segment

  // FlowEdit
  std::string flow_source_caption;  // 1-512 characters
  double flow_window_start = 0;     // "flow_n_min", 0-1
  double flow_window_end = 1;       // "flow_n_max", 0-1, above the start
  int64_t flow_draws_per_step = 1;  // "flow_n_avg", 1-5
};

// The rows of the whole request. They point into the argument.
Fields fields(EditRequest& request);

// Brings the request into its one form and checks it; the file is not opened.
// Throws InvalidRequest that names field, value and range.
void validate(EditRequest& request);

}  // namespace ams
