// Follows a job: server-sent events read through fetch (EventSource cannot send headers), with
// replay after a lost connection and polling when streams do not get through (studio.md 6.6).
import type { Client } from './client';
import { ApiError } from './problem';
import type { Job, JobEvent } from './types';

const RETRY_MS = [500, 2000, 5000];
const POLL_MS = 2000;

export const isLast = (event: JobEvent) => ['done', 'error', 'cancelled'].includes(event.kind);

// Cuts a stream into the `data` of its events; feed() gets any pieces of the text.
export class EventParser {
  private rest = '';

  feed(text: string): string[] {
    const blocks = (this.rest + text).replaceAll('\r\n', '\n').split('\n\n');
    this.rest = blocks.pop() ?? '';
    return blocks
      .map((block) =>
        block
          .split('\n')
          .filter((line) => line.startsWith('data:'))
          .map((line) => line.slice(5).trimStart())
          .join('\n'),
      )
      .filter((data) => data !== '');
  }
}

const wait = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

// Calls `receive` with each event that `job` does not contain yet, in order, once, until the last
// one. Throws ApiError when the job is gone. `degraded` is called once when it falls back to polling.
export async function followJob(
  client: Client,
  job: Pick<Job, 'id' | 'last_event' | 'state'>,
  receive: (event: JobEvent) => void,
  signal: AbortSignal,
  degraded: () => void = () => {},
): Promise<void> {
  let seen = job.last_event;
  let finished = job.state !== 'queued' && job.state !== 'running';
  const take = (event: JobEvent) => {
    if (event.kind === 'heartbeat' || event.id <= seen) return;
    seen = event.id;
    finished = isLast(event);
    receive(event);
  };

  for (let failures = 0; !finished && failures < RETRY_MS.length && !signal.aborted;) {
    const before = seen;
    try {
      await readStream(await client.openEvents(job.id, seen, signal), take);
    } catch (error) {
      if (signal.aborted) return;
      if (error instanceof ApiError && error.status >= 400 && error.status < 500) throw error;
    }
    if (finished) return;
    failures = seen > before ? 0 : failures;
    await wait(RETRY_MS[failures++] ?? POLL_MS);
  }

  if (finished || signal.aborted) return;
  degraded();
  while (!finished && !signal.aborted) {
    try {
      (await client.events(job.id, seen)).events.forEach(take);
    } catch (error) {
      if (error instanceof ApiError && error.status >= 400 && error.status < 500) throw error;
    }
    if (!finished) await wait(POLL_MS);
  }
}

async function readStream(response: Response, take: (event: JobEvent) => void): Promise<void> {
  if (!response.body) return;
  const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
  const parser = new EventParser();
  for (;;) {
    const { value, done } = await reader.read();
    if (done) return;
    for (const data of parser.feed(value)) take(JSON.parse(data) as JobEvent);
  }
}
