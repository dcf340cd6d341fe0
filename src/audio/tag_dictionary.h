// Tags <-> FFmpeg's metadata dictionaries. Module-private.
#pragma once

#include "audio/ffmpeg.h"
#include "audio/tags.h"

namespace ams {

enum class TagStyle { Id3, VorbisComment, RiffInfo };

// Adds the entries of `tags` under the names that `style` uses. Throws InvalidRequest on text that
// is not UTF-8 or holds a NUL byte, OutOfMemory.
void write_tags(const AudioTags& tags, TagStyle style, AVDictionary** dictionary);

// Merges entries into `tags`; entries seen first win. Hostile text is made valid UTF-8.
void read_tags(const AVDictionary* dictionary, AudioTags& tags);

}  // namespace ams
