// A studio on fakes in a folder of its own.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/error.h"
#include "studio/jobs/studio.h"
#include "support/expect_error.h"
#include "support/temporary_folder.h"
#include "unit/studio_jobs/fake_clock.h"
#include "unit/studio_jobs/fake_parts.h"

namespace ams {

inline const std::string kAnna = "anna-session-0001";
inline const std::string kBert = "bert-session-0002";

std::string session_number(int number);

class StudioFixture : public testing::Test {
 protected:
  ~StudioFixture() override;

  StudioOptions options() const;
  // Starts it, or ends it and starts it again.
  Studio& start();
  Studio& start(const StudioOptions& options);
  Studio& studio() { return *studio_; }

  JobView submit(const std::string& session, const std::string& prompt);
  // Waits for the job's end.
  JobView finish(const std::string& session, const std::string& job_id);
  JobView make_song(const std::string& session, const std::string& prompt);
  std::vector<std::string> event_kinds(const std::string& session, const std::string& job_id);

  // A WAV of `seconds` of a tone, or silence with `level` 0, accepted as an upload.
  AudioUpload upload_tone(const std::string& session,
                          UploadRole role,
                          double seconds = 2.0,
                          float level = 0.5f);
  IncomingFile incoming(const std::string& session, UploadRole role, const std::string& bytes);
  std::vector<std::string> files_in(const std::string& folder) const;

  TemporaryFolder folder_;
  FakeClock clock_;
  Script script_;
  std::function<uintmax_t(const std::filesystem::path&)> free_disk_bytes_;
  std::unique_ptr<Studio> studio_;
};

Submission song_submission(const std::string& prompt);

}  // namespace ams
