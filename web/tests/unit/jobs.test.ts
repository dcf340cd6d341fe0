import { describe, expect, it } from 'vitest';
import { EventParser, followJob } from '../../src/api/event_stream';
import type { Client } from '../../src/api/client';
import type { Job, JobEvent } from '../../src/api/types';
import { applyEvent, isActive } from '../../src/state/job_reducer';

const job: Job = {
  id: 'j',
  kind: 'song',
  mode: 'generate',
  state: 'queued',
  created_at: '',
  last_event: 0,
  queue: null,
  progress: null,
  plan: null,
  text: '',
  tokens: 0,
  model: null,
  warnings: [],
  error: null,
  result_id: null,
  request: null,
  existing: false,
};
const stage = (id: number, fraction: number): JobEvent => ({
  id,
  kind: 'diffusion',
  fraction,
  step: 1,
  total: 2,
  elapsed_s: 1,
  eta_s: 1,
  message: '',
  transfer: null,
});

describe('applyEvent', () => {
  it('ignores what it has seen', () => {
    const once = applyEvent(job, { id: 1, kind: 'text', text: 'a', tokens: 1 });
    expect(applyEvent(once, { id: 1, kind: 'text', text: 'a', tokens: 1 })).toBe(once);
    expect(applyEvent(once, { id: 2, kind: 'text', text: 'b', tokens: 2 }).text).toBe('ab');
  });

  it('leaves the queue with the first stage and ends with the last event', () => {
    const waiting = applyEvent(job, { id: 1, kind: 'queued', jobs_ahead: 2, wait_s: null });
    expect(waiting.queue?.jobs_ahead).toBe(2);
    const running = applyEvent(waiting, stage(2, 0.5));
    expect([running.state, running.queue, running.progress?.fraction]).toEqual([
      'running',
      null,
      0.5,
    ]);
    const done = applyEvent(running, { id: 3, kind: 'done', result_id: 'r' });
    expect([done.state, done.result_id, isActive(done)]).toEqual(['done', 'r', false]);
  });
});

describe('EventParser', () => {
  it('takes any cut of the stream', () => {
    const text = 'id: 1\nevent: a\ndata: {"x":1}\n\n: comment\n\ndata: {"y":\ndata: 2}\r\n\r\n';
    for (let cut = 0; cut <= text.length; ++cut) {
      const parser = new EventParser();
      const found = [...parser.feed(text.slice(0, cut)), ...parser.feed(text.slice(cut))];
      expect(found.map((data) => JSON.parse(data) as unknown)).toEqual([{ x: 1 }, { y: 2 }]);
    }
  });
});

describe('followJob', () => {
  const stream = (events: JobEvent[]) =>
    new Response(events.map((e) => `id: ${e.id}\ndata: ${JSON.stringify(e)}\n\n`).join(''));

  const running = { id: 'j', last_event: 0, state: 'running' } as const;

  it('asks for nothing when the job has ended', async () => {
    const client = {} as Client; // any request would throw
    const ended = { ...running, state: 'done' } as const;
    const seen: JobEvent[] = [];
    await followJob(client, ended, (event) => seen.push(event), new AbortController().signal);
    expect(seen).toEqual([]);
  });

  it('resumes after a cut without loss or repetition', async () => {
    const all: JobEvent[] = [
      stage(1, 0.1),
      stage(2, 0.2),
      stage(3, 0.3),
      { id: 4, kind: 'done', result_id: null },
    ];
    const asked: number[] = [];
    const client = {
      openEvents: (_: string, after: number) => {
        asked.push(after);
        // The server repeats one event, as after a lost acknowledgement.
        return Promise.resolve(stream(asked.length === 1 ? all.slice(0, 2) : all.slice(after - 1)));
      },
    } as unknown as Client;
    const seen: number[] = [];
    await followJob(client, running, (event) => seen.push(event.id), new AbortController().signal);
    expect(asked).toEqual([0, 2]);
    expect(seen).toEqual([1, 2, 3, 4]);
  });
});
