// The inside of Studio: what it owns, in the order in which it must end.
#pragma once

#include <atomic>
#include <condition_variable>
#include <functional>
#include <mutex>
#include <optional>
#include <semaphore>
#include <stop_token>
#include <string>
#include <thread>

#include "studio/jobs/job_book.h"
#include "studio/jobs/lane.h"
#include "studio/jobs/post_task.h"
#include "studio/jobs/studio.h"
#include "studio/jobs/workshop.h"

namespace ams {

// Lock order: submit_, then a lane's or a shelf's own, then a job's. Thread-safe.
class Studio::Impl {
 public:
  Impl(const StudioOptions& options, StudioParts parts);
  ~Impl();
  Impl(const Impl&) = delete;
  Impl& operator=(const Impl&) = delete;

  // Uploads (studio_uploads.cpp)
  IncomingFile begin_upload(UploadRole role, std::optional<int64_t> announced_bytes);
  AudioUpload accept_audio(const std::string& session,
                           UploadRole role,
                           const std::string& name,
                           std::optional<double> trim_seconds,
                           IncomingFile file);
  LoraView accept_lora(const std::string& session, const std::string& name, IncomingFile file);
  AudioUpload upload_from_result(const std::string& session,
                                 const std::string& result_id,
                                 FileRole file,
                                 UploadRole role);
  LoraList loras(const std::string& session);

  // Jobs (studio_jobs.cpp)
  JobView submit(const std::string& session, Submission submission);
  JobView retake(const std::string& session,
                 const std::string& job_id,
                 std::optional<int64_t> seed);
  JobView process(const std::string& session, const std::string& result_id, const PostOrder& order);
  JobView prepare_lora(const std::string& session, const std::string& lora_id);
  JobView download_model(const std::string& session, const std::string& name);
  JobView cancel(const std::string& session, const std::string& id);

  // The rest (studio.cpp)
  ResultView view_of(const ResultRecord& record) const;
  StoredFile file(const std::string& file_id) const;
  StudioState state() const;
  void sweep();
  void shut_down();

  const StudioOptions options;
  const StudioParts parts;
  const Clock& clock;
  const DataFolder folder;
  ModelManager models;
  UploadShelf uploads;
  ResultShelf results;
  History history;
  StageTimes times;
  const Workshop shop;
  JobBook jobs;

 private:
  // Makes the job known, tells its place and puts it into the lane. With submit_ held.
  JobView enqueue(Lane& lane, const JobPtr& job, std::function<std::string(Job&)> make);
  // `make` gives the result's id. On the lane's thread; throws nothing.
  void run(Job& job, const std::function<std::string(Job&)>& make);
  EventBody closing_event(const Job& job) const;
  // Tells the waiting jobs of a lane their places.
  void announce(const Lane& lane);
  std::optional<double> wait_seconds(const Lane::Line& line, size_t place) const;
  JobView present(Job::Facts facts) const;
  SongRequest with_inputs_again(const std::string& session,
                                const std::string& job_id,
                                SongRequest request);
  void require_open() const;
  // Reads what options.preload names, in the lanes that use it; what cannot be read is logged.
  void start_preload();
  void preload(const std::vector<ModelPart>& wanted, const Job& job);
  void clean_up_until(const std::stop_token& stop);

  std::atomic<bool> is_closing_ = false;
  // Decoding takes some 100 MiB; more uploads at once wait for their turn.
  std::counting_semaphore<> intake_{2};
  std::mutex submit_;    // one submission at a time: rules per session, places in line
  std::mutex announce_;  // one announcement at a time, so that places come in order

  std::mutex cleaner_mutex_;  // of the condition only
  std::condition_variable cleaner_wakes_;

  // Last, so that they end first.
  Lane engine_lane_;
  Lane post_lane_;
  Lane download_lane_;
  std::jthread cleaner_;
};

}  // namespace ams
