// The bytes of songs, stems and uploads, by ids that cannot be guessed.
#include "server/file_response.h"
#include "server/route.h"

namespace ams {
namespace {

WebResponse get_file(Services& services, const Call& call) {
  return file_response(call.request, services.studio.file(call.ids[0]));
}

}  // namespace

std::vector<Route> file_routes() {
  return {{.method = "GET",
           .path = "/files/{id}",
           .doc = "A file; needs neither token nor session, because its id is the secret",
           .access = Access::Public,
           .query = {{"download", "string", "1: as an attachment"}},
           .answers = {{200, "", "audio/wav"}, {206, "", "audio/wav"}},
           .handle = get_file}};
}

}  // namespace ams
