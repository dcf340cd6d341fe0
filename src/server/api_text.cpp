#include "server/api_text.h"

#include <array>

namespace ams {
namespace {

constexpr std::array<ApiChapter, 6> kChapters{{
    {"Rules", R"(- JSON in UTF-8, times in seconds, timestamps in UTC as ISO 8601.
- A session is a random id of 16 to 64 characters `[A-Za-z0-9_-]` that the client makes and sends as `X-AMS-Session`. Jobs, results, uploads and history belong to it; another session's ids answer 404. There are no cookies. Where a header cannot be sent, `?session=` means the same.
- With `AMS_TOKEN` set, `/api/v1` and `/v1` need `Authorization: Bearer TOKEN`. Addresses of files carry an id that cannot be guessed and need neither header, because `<audio>` cannot send one.
- Every status of 400 and above has a `Problem` as its body. Its codes: `invalid_request` (400, 422), `unauthorised` (401), `forbidden` (403, 421), `not_found` (404), `timed_out` (408, 504), `gone` (410, cleaned up), `too_large` (413, 414, 431), `unsupported` (415), `corrupt_file` (422), `busy` (429, 503), `internal` (500), `network` (502), `out_of_memory` (507).
- Requests are checked before a job is queued. Unknown fields are ignored and named in the `warnings` of the result's metadata.
- An absent field means the default that `/api/v1/options` shows, so a client sends only what differs.)"},
    {"A song in three calls", R"(```sh
session=$(head -c 16 /dev/urandom | od -An -tx1 | tr -d ' \n')
curl -s -H "X-AMS-Session: $session" http://127.0.0.1:7860/api/v1/jobs \
  -d '{"mode": "generate", "prompt": "warm lo-fi piano", "duration_s": 10}'       # {"id": "JOB", …}
curl -sN -H "X-AMS-Session: $session" http://127.0.0.1:7860/api/v1/jobs/JOB/events # … "result_id": "RESULT"
curl -s -H "X-AMS-Session: $session" http://127.0.0.1:7860/api/v1/results/RESULT   # … "url": "/files/FILE"
```

Or in one, which waits for the song:

```sh
curl -s http://127.0.0.1:7860/v1/audio/generations -d '{"prompt": "warm lo-fi piano", "duration": 10}' -o song.wav
```)"},
    {"Jobs",
     R"(`POST /api/v1/jobs` takes `mode` and the fields of that mode. Fields of a group are members of an object of that name (`advanced`, `lm`), uploads are ids, adapters a list `loras` of `{id, scale}`:

```json
{"mode": "cover", "ref_audio": "UPLOAD", "prompt": "brass band", "audio_cover_strength": 0.8,
 "seed": 7, "advanced": {"inference_steps": 40}, "loras": [{"id": "preset:chinese-new-year", "scale": 0.85}]}
```

A session has at most one song and one draft of lyrics at a time: another `POST` answers 200 with the running job and `existing: true`. `model` is a name that `/api/v1/models` lists, never a path.)"},
    {"Events",
     R"(Server-sent events: `id:` is the number, `event:` the kind, `data:` a `JobEvent` with both in it.

- Numbers count from 1 within the job. A client that connects again sends `Last-Event-ID` or `?after=` and gets the rest in order, without gaps.
- A `heartbeat` comes whenever nothing else was sent for 15 s. It repeats the last number and is not kept.
- `done`, `error` and `cancelled` are last; the stream ends after them.
- When the server has as many streams as it takes it answers 429; `?format=json` polls instead.)"},
    {"Uploads",
     R"(The body is the file itself, or a form with one part called `file`. The limit of the role is checked on `Content-Length` and again while reading; what a file is, is told by its content. `trim_s=60` keeps the first 60 s.)"},
    {"Files",
     R"(One range of bytes at a time (`Range`, `If-Range`), `ETag` with `If-None-Match`, `HEAD`, and `?download=1` for an attachment. Several ranges in one request are answered with the whole file.)"},
}};

}  // namespace

std::span<const ApiChapter> api_chapters() { return kChapters; }

}  // namespace ams
