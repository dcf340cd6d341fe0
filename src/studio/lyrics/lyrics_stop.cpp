#include "studio/lyrics/lyrics_writer.h"

namespace ams {

std::string_view lyrics_stop_name(LyricsStop stop) {
  switch (stop) {
    case LyricsStop::EndOfTurn:
      return "end_of_turn";
    case LyricsStop::Marker:
      return "marker";
    case LyricsStop::Length:
      return "length";
  }
  return "";
}

}  // namespace ams
