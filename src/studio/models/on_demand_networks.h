// The networks of a song model as the modes see them: always there, read when they are used. So no
// mode asks which of them are in memory.
#pragma once

#include <memory>

#include "studio/modes/render_song.h"

namespace ams {

class SongModel;

// Confined to the worker thread.
class OnDemandNetworks {
 public:
  explicit OnDemandNetworks(SongModel& model);  // which owns this object
  ~OnDemandNetworks();
  OnDemandNetworks(const OnDemandNetworks&) = delete;
  OnDemandNetworks& operator=(const OnDemandNetworks&) = delete;

  // All but tokenizer and silence, which need no network.
  SongNetworks networks() const;

 private:
  class Text;
  class Conditions;
  class Codes;
  class Diffusion;
  class Codec;

  std::unique_ptr<Text> text_;
  std::unique_ptr<Conditions> conditions_;
  std::unique_ptr<Codes> codes_;
  std::unique_ptr<Diffusion> diffusion_;
  std::unique_ptr<Codec> codec_;
};

}  // namespace ams
