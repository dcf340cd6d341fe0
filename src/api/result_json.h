// Results, uploads and adapters, as the wire has them.
#pragma once

#include "base/json.h"
#include "studio/jobs/result_view.h"
#include "studio/jobs/upload_view.h"

namespace ams {

// "/files/ID": where the bytes of a file are.
std::string file_url(const std::string& file_id);

Json result_json(const ResultView& result);
Json history_json(const std::vector<HistoryItem>& items);
Json audio_upload_json(const AudioUpload& upload);
Json lora_json(const LoraView& lora);
Json lora_list_json(const LoraList& list);

}  // namespace ams
