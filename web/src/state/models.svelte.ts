// Which song model plays, what that means for the user, and fetching the full one.
import type { Client } from '../api/client';
import { followJob } from '../api/event_stream';
import { ApiError, problem, toProblem } from '../api/problem';
import type { Job, ModelInfo } from '../api/types';
import { applyEvent } from './job_reducer';
import type { Toasts } from './toasts.svelte';

export class Models {
  list = $state.raw<ModelInfo[]>([]);
  job = $state.raw<Job | null>(null); // the download that runs
  private readonly follower = new AbortController();

  constructor(
    private readonly client: Client,
    private readonly toasts: Toasts,
    list: ModelInfo[],
  ) {
    this.list = list;
  }

  // The song model that the next job uses; null: not known.
  get selected(): ModelInfo | null {
    return this.list.find((m) => m.kind === 'song' && m.selected) ?? null;
  }

  // The best model of a kind that the server could fetch: the one in use if it is missing, else the
  // largest. null: it offers none.
  offer(kind: ModelInfo['kind']): ModelInfo | null {
    const offers = this.list
      .filter((m) => m.kind === kind && m.downloadable && !m.present)
      .sort((a, b) => Number(b.selected) - Number(a.selected) || b.bytes - a.bytes);
    return offers[0] ?? null;
  }

  async refresh() {
    this.list = (await this.client.models()).models;
  }

  async download(model: ModelInfo) {
    if (this.job) return;
    try {
      await this.adopt(await this.client.downloadModel(model.name));
    } catch (error) {
      this.fail(error, model.name);
    }
  }

  // Follows a download to its end; also one that was found after a reload.
  async adopt(job: Job) {
    this.job = job;
    try {
      let current = job;
      await followJob(
        this.client,
        job,
        (event) => (this.job = current = applyEvent(current, event)),
        this.follower.signal,
      );
      if (current.error) throw new ApiError(0, current.error);
      await this.refresh();
      if (current.state === 'done') this.toasts.info('The model is here', 'The next job uses it.');
    } catch (error) {
      this.fail(error, job.model ?? '');
    } finally {
      this.job = null;
    }
  }

  async cancel() {
    if (!this.job) return;
    try {
      await this.client.cancel(this.job.id);
      const message = 'What is there is kept and continued next time.';
      this.toasts.show(problem('Download stopped', message, { level: 'info', code: 'cancelled' }));
    } catch (error) {
      this.toasts.show(toProblem(error));
    }
  }

  private fail(error: unknown, name: string) {
    const found = toProblem(error);
    const model = this.list.find((m) => m.name === name && m.downloadable);
    this.toasts.show(
      { ...found, title: `Could not download ${name}` },
      model ? [{ label: 'Continue', run: () => void this.download(model) }] : [],
    );
  }
}
