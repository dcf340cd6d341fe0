// What a page finds when it opens again: running jobs, finished results, inputs that are gone.
import { MODES, type Job, type PostKind } from '../api/types';
import type { Form } from './form.svelte';
import type { Studio } from './studio.svelte';

const isPost = (job: Job): job is Job & { kind: PostKind } =>
  ['stems', 'normalise', 'mp3', 'flac'].includes(job.kind);

// Throws ApiError when the server does not answer.
export async function resume(studio: Studio) {
  await Promise.all([studio.refreshHistory(), dropLostUploads(studio), dropLostLoras(studio)]);
  const { jobs } = await studio.client.activeJobs();
  await Promise.all(
    MODES.map(async (mode) => {
      const newest = studio.history.find((item) => item.mode === mode && item.available);
      if (newest) await studio.outputs[mode].restore(newest.result_id);
    }),
  );
  for (const job of jobs) {
    if (job.kind === 'download') void studio.models.adopt(job);
    else if (isPost(job)) resumePost(studio, job);
    else if (job.mode) void studio.outputs[job.mode].adopt(job);
  }
}

function resumePost(studio: Studio, job: Job & { kind: PostKind }) {
  const shown = MODES.find((mode) => studio.outputs[mode].result?.id === job.result_id);
  if (shown && job.result_id) void studio.outputs[shown].adoptPost(job.kind, job, job.result_id);
}

// Uploads of drafts may have been cleaned up meanwhile, or belong to another tab.
async function dropLostUploads(studio: Studio) {
  for (const form of Object.values(studio.forms)) {
    if (!form.upload) continue;
    try {
      await studio.client.audioUpload(form.upload.id);
    } catch {
      studio.missingFile[form.mode] = form.upload.name;
      form.upload = null;
    }
  }
}

async function dropLostLoras(studio: Studio) {
  const known = new Set((await studio.adapters.refresh()).map((lora) => lora.id));
  const lost = new Set<string>();
  for (const form of Object.values(studio.forms)) dropFrom(form, known, lost);
  if (lost.size)
    studio.toasts.info(
      'A LoRA was cleaned up',
      `Add ${[...lost].join(', ')} again to use it; the drafts go without.`,
    );
}

function dropFrom(form: Form, known: Set<string>, lost: Set<string>) {
  if (form.loras.every((entry) => known.has(entry.lora.id))) return;
  for (const { lora } of form.loras) if (!known.has(lora.id)) lost.add(lora.name);
  form.loras = form.loras.filter((entry) => known.has(entry.lora.id));
}
