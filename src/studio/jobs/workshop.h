// What the tasks of all lanes work with; owned by the studio, which outlives its lanes.
#pragma once

#include "studio/jobs/data_folder.h"
#include "studio/jobs/history.h"
#include "studio/jobs/model_manager.h"
#include "studio/jobs/result_shelf.h"
#include "studio/jobs/stage_times.h"
#include "studio/jobs/studio_options.h"
#include "studio/jobs/studio_parts.h"
#include "studio/jobs/upload_shelf.h"

namespace ams {

struct Workshop {
  const StudioOptions& options;
  const StudioParts& parts;
  const Clock& clock;
  const DataFolder& folder;
  ModelManager& models;
  UploadShelf& uploads;
  ResultShelf& results;
  History& history;
  StageTimes& times;
};

}  // namespace ams
