#include "studio/requests/edit_request.h"

#include <utility>

#include "base/error.h"
#include "base/str.h"
#include "planner/plain_text.h"

namespace ams {
namespace {

Fields flow_fields(EditRequest& request) {
  return {
      {.name = "flow_source_caption",
       .flag = "--source-caption",
       .member = &request.flow_source_caption,
       .range = {0, 512},
       .help = "In flow_edit: what the song is now",
       .label = "Source caption"},
      {.name = "source_lyrics",
       .flag = "--source-lyrics",
       .member = &request.source_lyrics,
       .range = {0, 4096},
       .help = "In flow_edit: what is sung now",
       .label = "Source lyrics"},
      {.name = "flow_n_min",
       .flag = "--flow-n-min",
       .member = &request.flow_window_start,
       .range = {0, 1},
       .help = "In flow_edit: share of the steps skipped; higher stays closer to the song",
       .label = "n_min",
       .step = 0.05},
      {.name = "flow_n_max",
       .flag = "--flow-n-max",
       .member = &request.flow_window_end,
       .range = {0, 1},
       .help = "In flow_edit: share of the steps after which only the target leads",
       .label = "n_max",
       .step = 0.05},
      {.name = "flow_n_avg",
       .flag = "--flow-n-avg",
       .member = &request.flow_draws_per_step,
       .range = {1, 5},
       .help = "In flow_edit: noise draws averaged in each step",
       .label = "n_avg",
       .step = 1},
  };
}

void validate_segment(const EditRequest& request) {
  constexpr double kShortestSegment = 1.0;
  if (!request.segment_end_seconds) return;
  const double start = request.segment_start_seconds;
  const double end = *request.segment_end_seconds;
  if (end - start < kShortestSegment) {
    throw Error(ErrorCode::InvalidRequest,
                str("request: 'segment_end_s' is ",
                    end,
                    " and 'segment_start_s' ",
                    start,
                    "; the segment must last at least ",
                    kShortestSegment,
                    " s"));
  }
}

void validate_flow(const EditRequest& request) {
  if (is_blank(request.prompt)) {
    throw Error(ErrorCode::InvalidRequest,
                "request: 'edit_prompt' is missing; say what to morph into");
  }
  if (is_blank(request.flow_source_caption)) {
    throw Error(ErrorCode::InvalidRequest,
                "request: 'flow_source_caption' is missing; say what the song is now");
  }
  if (request.flow_window_start >= request.flow_window_end) {
    throw Error(ErrorCode::InvalidRequest,
                str("request: 'flow_n_min' is ",
                    request.flow_window_start,
                    ", expected less than 'flow_n_max', which is ",
                    request.flow_window_end));
  }
}

}  // namespace

Fields fields(EditRequest& request) {
  Fields own = {
      {.name = "source_audio",
       .member = &request.source_audio,
       .range = {1, 4096},
       .help = "The song to edit, 1 to 240 s",
       .label = "Source audio",
       .missing = "Edit needs a source song. Drop a file or choose one."},
      {.name = "sub_mode",
       .flag = "--sub-mode",
       .member = EnumMember(&request.sub_mode),
       .choices = {"repaint", "flow_edit"},
       .help = "Make a segment anew, or morph the whole song",
       .label = "Edit sub-mode",
       .choice_labels = {"Repaint segment", "Flow morph"}},
      {.name = "edit_prompt",
       .flag = "--prompt",
       .member = &request.prompt,
       .range = {0, 512},
       .help = "Style of the segment, or what to morph into",
       .label = "Style prompt (optional)",
       .placeholder = "Distorted guitars, half-time"},
      {.name = "target_lyrics",
       .flag = "--lyrics",
       .member = &request.lyrics,
       .range = {0, 4096},
       .help = "What is sung afterwards",
       .label = "Target lyrics"},
      {.name = "segment_start_s",
       .flag = "--segment-start",
       .member = &request.segment_start_seconds,
       .range = {0, 240},
       .unit = "s",
       .help = "Where the segment starts",
       .label = "Segment start (s)",
       .step = 0.1},
      {.name = "segment_end_s",
       .flag = "--segment-end",
       .member = &request.segment_end_seconds,
       .range = {0, 240},
       .unit = "s",
       .when_absent = "30 s, or the end of a shorter song",
       .help = "Where the segment ends",
       .label = "Segment end (s)",
       .step = 0.1},
  };
  own = joined(std::move(own), fields(request.repaint));
  return joined(joined(std::move(own), flow_fields(request)), control_fields(request));
}

void validate(EditRequest& request) {
  if (is_blank(request.source_audio)) {
    throw Error(ErrorCode::InvalidRequest,
                "request: 'source_audio' is missing; Edit needs a source song");
  }
  normalise(request);
  check_ranges(fields(request));
  validate_controls(request);
  if (request.sub_mode == EditMode::Repaint) validate_segment(request);
  if (request.sub_mode == EditMode::FlowEdit) validate_flow(request);
}

}  // namespace ams
