// What an event changes in a job. Pure.
import type { Job, JobEvent } from '../api/types';

export function applyEvent(job: Job, event: JobEvent): Job {
  if (event.kind === 'heartbeat' || event.id <= job.last_event) return job;
  const next: Job = { ...job, last_event: event.id };
  switch (event.kind) {
    case 'queued':
      return { ...next, queue: { jobs_ahead: event.jobs_ahead, wait_s: event.wait_s } };
    case 'plan':
      return { ...next, state: 'running', queue: null, plan: event.plan };
    case 'text':
      return {
        ...next,
        state: 'running',
        queue: null,
        text: job.text + event.text,
        tokens: event.tokens,
      };
    case 'warning':
      return { ...next, warnings: [...job.warnings, event.problem] };
    case 'done':
      return { ...next, state: 'done', queue: null, result_id: event.result_id };
    case 'error':
      return { ...next, state: 'failed', queue: null, error: event.problem };
    case 'cancelled':
      return { ...next, state: 'cancelled', queue: null };
    default:
      return { ...next, state: 'running', queue: null, progress: event };
  }
}

export const isActive = (job: Job | null): job is Job =>
  job !== null && (job.state === 'queued' || job.state === 'running');
