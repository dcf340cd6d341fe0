// Makes something of a finished song: stems, another loudness, another format.
#pragma once

#include <vector>

#include "studio/jobs/job.h"
#include "studio/jobs/workshop.h"

namespace ams {

struct PostOrder {
  JobKind kind = JobKind::Mp3;
  FileRole source = FileRole::Song;  // a WAV of the result
};

// The result's file in a role. Throws NotFound.
const ResultFile& require_role(const ResultRecord& record, FileRole role);

// What an order gives: Stems four roles and the zip, the others one.
std::vector<FileRole> roles_of(JobKind kind);
// Whether the result has them all, made of that source.
bool has_roles(const ResultRecord& record, const PostOrder& order);

// Adds the files to the result job.result_id(); they replace those of another source. Throws as
// PostProcessor::run(), Gone, Internal for the disk; the result then is as it was. Post-processing
// lane.
void run_post_task(Job& job, const PostOrder& order, const Workshop& shop);

}  // namespace ams
