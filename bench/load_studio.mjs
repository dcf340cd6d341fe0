// Load on a studio of its own, on loopback and bounded: idle cost, then open event streams and a
// rate of polls and file reads while songs are made. Prints one JSON document.
//   node bench/load_studio.mjs PROGRAM [--seconds 60] [--streams 200] [--rate 50] [--song 30]
//        [--steps 27] [--threads 0]
import { spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { Agent, request } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const [program, ...flags] = process.argv.slice(2);
if (!program) throw new Error('usage: node bench/load_studio.mjs PROGRAM [--seconds 60] …');
const flag = (name, fallback) =>
  flags.includes(name) ? Number(flags[flags.indexOf(name) + 1]) : fallback;
const seconds = Math.min(flag('--seconds', 60), 600);
const streams = Math.min(flag('--streams', 200), 300);
const rate = Math.min(flag('--rate', 50), 500);
const songSeconds = flag('--song', 30);
const steps = flag('--steps', 27);
const threads = flag('--threads', 0); // of the engine; 0: its own choice

const wait = (ms) => new Promise((resolve) => setTimeout(resolve, ms));
const now = () => performance.now();
const agent = new Agent({ keepAlive: true, maxSockets: 40 });
const folder = mkdtempSync(join(tmpdir(), 'ams-load-'));
const words = ['serve', '--port', '0', '--data-dir', folder];
if (threads) words.push('--threads', String(threads));
const server = spawn(program, words, {
  stdio: ['ignore', 'ignore', 'pipe'],
});
let port = 0;

async function started() {
  const begin = now();
  let text = '';
  server.stderr.on('data', (piece) => (text += piece));
  while (!port) {
    if (server.exitCode !== null) throw new Error(`the server ended: ${text}`);
    port = Number(/studio is at http:\/\/[^\n]*:(\d+)\n/.exec(text)?.[1] ?? 0);
    await wait(2);
  }
  return now() - begin;
}

// Status, body and milliseconds of one request; status 0 when it went wrong.
function call(method, path, { body, session = 'load-session-000000000', headers = {} } = {}) {
  const begin = now();
  return new Promise((resolve) => {
    const sent = request(
      { port, host: '127.0.0.1', method, path, agent, headers: { 'X-AMS-Session': session, ...headers } },
      (response) => {
        const pieces = [];
        response.on('data', (piece) => pieces.push(piece));
        response.on('end', () =>
          resolve({ status: response.statusCode, body: Buffer.concat(pieces).toString(), ms: now() - begin }),
        );
      },
    );
    sent.on('error', (error) => resolve({ status: 0, body: String(error), ms: now() - begin }));
    sent.end(body);
  });
}

const json = async (...words) => JSON.parse((await call(...words)).body);
const memory = () => Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${server.pid}/status`))[1]) / 1024;
const ticks = () => {
  const fields = readFileSync(`/proc/${server.pid}/stat`, 'utf8').split(') ')[1].split(' ');
  return Number(fields[11]) + Number(fields[12]);
};

const songRequest = () =>
  JSON.stringify({
    mode: 'generate', prompt: 'load', duration_s: songSeconds, seed: 1,
    advanced: { inference_steps: steps }, lm: { thinking: false, use_cot_caption: false, use_cot_metas: false, use_cot_language: false },
  });

async function startSong(session) {
  return JSON.parse((await call('POST', '/api/v1/jobs', { body: songRequest(), session })).body);
}

async function makeSong(session, started = () => {}) {
  const begin = now();
  const job = await startSong(session);
  started(job);
  for (;;) {
    const view = await json('GET', `/api/v1/jobs/${job.id}`, { session });
    if (view.state === 'done') return { ms: now() - begin, result: view.result_id };
    if (!['queued', 'running'].includes(view.state)) throw new Error(JSON.stringify(view.error));
    await wait(20);
  }
}

function openStream(id, session, counts) {
  const sent = request(
    { port, host: '127.0.0.1', path: `/api/v1/jobs/${id}/events`, agent: false, headers: { 'X-AMS-Session': session } },
    (response) => {
      if (response.statusCode !== 200) ++counts.refused;
      response.on('data', () => ++counts.pieces);
      response.on('end', () => ++counts.ended);
      response.on('error', () => ++counts.broken);
    },
  );
  sent.on('error', () => ++counts.broken);
  sent.end();
}

const percentile = (values, share) =>
  values.sort((a, b) => a - b)[Math.min(values.length - 1, Math.floor(values.length * share))];
const round = (value) => Math.round(value * 10) / 10;

try {
  const report = { start_ms: round(await started()) };
  await wait(1000);
  report.idle_mib = round(memory());
  const [before, begin] = [ticks(), now()];
  await wait(5000);
  report.idle_percent_of_a_core = round((100 * ((ticks() - before) / 100)) / ((now() - begin) / 1000));

  await makeSong('load-session-000000000'); // loads the weights
  const alone = [];
  for (let i = 0; i < 3; ++i) alone.push((await makeSong('load-session-000000000')).ms);
  const { result } = await makeSong('load-session-000000000');
  const file = (await json('GET', `/api/v1/results/${result}`)).files[0].url;

  // Song after song, each followed by all streams until it ends.
  const session = 'load-session-000000000';
  const counts = { pieces: 0, ended: 0, broken: 0, refused: 0 };
  const songs = [];
  let running = true;
  let followed = null;
  const singing = (async () => {
    while (running) {
      const follow = (job) => {
        followed = job.id;
        for (let i = 0; i < streams; ++i) openStream(job.id, session, counts);
      };
      songs.push((await makeSong(session, follow)).ms);
    }
  })();
  await wait(1000);
  const mib = [memory()];
  const times = { poll: [], file: [], page: [] };
  const statuses = {};
  const pending = [];
  const end = now() + seconds * 1000;
  for (let i = 0; now() < end; ++i) {
    const kind = ['poll', 'poll', 'file', 'page'][i % 4];
    const target = { poll: `/api/v1/jobs/${followed}`, file, page: '/api/v1/info' }[kind];
    const headers = kind === 'file' ? { Range: 'bytes=0-65535' } : {};
    pending.push(
      call('GET', target, { session, headers }).then(({ status, ms }) => {
        statuses[status] = (statuses[status] ?? 0) + 1;
        times[kind].push(ms);
      }),
    );
    if (i % (5 * rate) === 5 * rate - 1) mib.push(memory());
    await wait(Math.max(0, 1000 / rate));
  }
  await Promise.all(pending);
  report.mib_every_5_s_of_requests = mib.map(round);
  running = false;
  await singing;
  report.streams = { at_once: streams, ...counts };
  report.requests = statuses;
  for (const [kind, values] of Object.entries(times))
    report[`${kind}_ms`] = { p50: round(percentile(values, 0.5)), p99: round(percentile(values, 0.99)) };
  report.song_ms = { alone: round(percentile(alone, 0.5)), loaded: round(percentile(songs, 0.5)), songs: songs.length };
  console.log(JSON.stringify(report, null, 2));
} finally {
  server.kill('SIGTERM');
  await new Promise((resolve) => (server.exitCode === null ? server.on('exit', resolve) : resolve()));
  rmSync(folder, { recursive: true, force: true });
  agent.destroy();
}
