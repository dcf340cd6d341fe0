// The output side of one mode: the job that runs and the result that is shown.
import type { Client } from '../api/client';
import { followJob } from '../api/event_stream';
import { ApiError, problem, toProblem } from '../api/problem';
import type {
  FileRole,
  Job,
  JobRequest,
  Mode,
  PostKind,
  Problem,
  Result,
  ResultFile,
} from '../api/types';
import { applyEvent, isActive } from './job_reducer';
import { Player } from './player.svelte';

export interface OutputEvents {
  problem: (problem: Problem, mode: Mode) => void;
  finished: (result: Result) => void;
}

export class Output {
  readonly player = new Player();
  job = $state.raw<Job | null>(null); // song or lyrics
  result = $state.raw<Result | null>(null);
  post = $state.raw<Partial<Record<PostKind, Job>>>({}); // running on the shown result
  variant = $state<FileRole>('song'); // what the player holds
  submitting = $state(false);
  private readonly follower = new AbortController();

  constructor(
    readonly mode: Mode,
    private readonly client: Client,
    private readonly events: OutputEvents,
  ) {}

  get busy() {
    return this.submitting || isActive(this.job);
  }

  file(role: FileRole): ResultFile | null {
    return this.result?.files.find((f) => f.role === role) ?? null;
  }

  submit = (request: JobRequest) => this.begin(() => this.client.submit(request));

  async retake() {
    const jobId = this.result?.job_id;
    if (jobId) await this.begin(() => this.client.retake(jobId));
  }

  private async begin(start: () => Promise<Job>) {
    if (this.busy) return;
    this.submitting = true;
    try {
      const job = await start();
      if (job.existing && job.mode !== this.mode) {
        const message = `Your session already makes a song in ${job.mode}. It comes first.`;
        this.tell(problem('One song at a time', message, { level: 'info', code: 'busy' }));
      } else void this.adopt(job);
    } catch (error) {
      this.tell(toProblem(error));
    } finally {
      this.submitting = false;
    }
  }

  // Shows a job and follows it to its end; also for jobs found after a reload.
  async adopt(job: Job) {
    this.job = job;
    await this.follow(job, (next) => (this.job = next));
    const last = this.job;
    if (last.state === 'done' && last.result_id) await this.open(last.result_id, true);
  }

  async cancel() {
    if (!isActive(this.job)) return;
    try {
      await this.client.cancel(this.job.id);
    } catch (error) {
      this.tell(toProblem(error));
    }
  }

  async open(resultId: string, fresh = false) {
    try {
      this.show(await this.client.result(resultId));
      if (fresh && this.result) this.events.finished(this.result);
    } catch (error) {
      this.tell(toProblem(error));
    }
  }

  // Shows an older result again, where the user did not ask for it: a failure says nothing.
  async restore(resultId: string) {
    try {
      this.show(await this.client.result(resultId));
    } catch {
      // It was cleaned up in between; the panel stays empty.
    }
  }

  select(role: FileRole) {
    const file = this.file(role);
    if (!file) return;
    this.variant = role;
    this.player.load(file.url, file.duration_s ?? 0, true);
  }

  // Stems, loudness, MP3 and FLAC of the shown result. Returns the finished result, or null.
  async process(kind: PostKind): Promise<Result | null> {
    const result = this.result;
    if (!result || this.post[kind]) return null;
    const source: FileRole =
      (kind === 'mp3' || kind === 'flac') && this.variant === 'normalised' ? 'normalised' : 'song';
    try {
      return await this.adoptPost(
        kind,
        await this.client.process(result.id, kind, source),
        result.id,
      );
    } catch (error) {
      this.tell(toProblem(error));
      return null;
    }
  }

  // Follows post-processing of the shown result; also for jobs found after a reload.
  async adoptPost(kind: PostKind, job: Job, resultId: string): Promise<Result | null> {
    this.setPost(kind, job);
    try {
      const last = await this.follow(job, (next) => this.setPost(kind, next));
      if (last.state !== 'done') return null;
      const updated = await this.client.result(resultId);
      if (this.result?.id === resultId) this.result = updated;
      return updated;
    } finally {
      this.setPost(kind, null);
    }
  }

  private setPost(kind: PostKind, job: Job | null) {
    const { [kind]: _, ...others } = this.post;
    this.post = job ? { ...others, [kind]: job } : others;
  }

  private show(result: Result) {
    const song = result.files.find((f) => f.role === 'song');
    this.result = result;
    this.variant = 'song';
    this.player.load(song?.url ?? '', song?.duration_s ?? 0);
  }

  private async follow(job: Job, update: (job: Job) => void): Promise<Job> {
    let current = job;
    const receive = (event: Parameters<typeof applyEvent>[1]) => {
      current = applyEvent(current, event);
      update(current);
      if (event.kind === 'warning') this.tell(event.problem);
      if (event.kind === 'error') this.tell(event.problem);
      if (event.kind === 'cancelled')
        this.tell(problem('Cancelled', 'Nothing was kept.', { level: 'info', code: 'cancelled' }));
    };
    const slow = () =>
      this.tell(
        problem('Live progress is not getting through', 'Asking every two seconds instead.', {
          level: 'info',
          code: 'polling',
        }),
      );
    try {
      const { signal } = this.follower;
      await followJob(this.client, job, receive, signal, slow);
    } catch (error) {
      if (error instanceof ApiError && error.status === 404)
        update({ ...current, state: 'failed', error: error.problem });
      this.tell(toProblem(error));
    }
    return current;
  }

  private tell(found: Problem) {
    this.events.problem(found, this.mode);
  }
}
