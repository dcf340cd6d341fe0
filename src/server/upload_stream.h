// An upload on its way from the network to the disk.
#pragma once

#include <optional>
#include <string>

#include "server/web_message.h"
#include "studio/jobs/studio.h"

namespace ams {

// The file as it came, and the name that the client gave it (empty: none).
struct ReceivedFile {
  IncomingFile file;
  std::string name;
};

// Streams the body, raw or the multipart part "file", into a file of the studio, with the limit of
// the role enforced while reading. Nothing is left behind when it throws: TooLarge, InvalidRequest
// (no such part, or the client went away), Internal (disk), and what begin_upload() throws.
ReceivedFile receive_upload(Studio& studio,
                            const std::string& session,
                            UploadRole role,
                            const WebRequest& request);

}  // namespace ams
