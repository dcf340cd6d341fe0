// A stand-in for `ams serve`, for development and browser tests only: docs/api.md with played jobs.
//   node mock/server.mjs [--port 7861] [--speed 1]      serves web/dist and the API on 127.0.0.1
import { createHash } from 'node:crypto';
import { readFileSync, existsSync } from 'node:fs';
import { createServer } from 'node:http';
import { extname, join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { options } from './fields.mjs';
import { newId, Studio } from './jobs.mjs';
import { makeSong, peaksOf, readWav, trim } from './wav.mjs';

const web = fileURLToPath(new URL('..', import.meta.url));
const csp = readFileSync(join(web, 'csp.txt'), 'utf8').trim();
const types = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript',
  '.css': 'text/css',
  '.woff2': 'font/woff2',
  '.svg': 'image/svg+xml',
};

const refuse = (status, code, field, title, message, actions = []) => ({
  status,
  body: { level: 'error', code, field, title, message, actions },
});
const presets = () =>
  [
    ['chinese-rap', 'Chinese Rap'],
    ['chinese-new-year', 'Chinese New Year'],
  ].map(([slug, name]) => ({
    id: `preset:${slug}`,
    name,
    kind: 'preset',
    default_scale: 0.85,
    sha256: null,
    bytes: null,
    rank: null,
    alpha: null,
    state: 'not_downloaded',
  }));

export function startMock({ port = 0, speed = 1, device = 'cuda', token = '', quality = 'full', missing = false } = {}) {
  const studio = new Studio(speed);
  const loras = { presets: presets(), custom: [] };
  const full = {
    name: 'acestep-v15-xl-sft',
    kind: 'song',
    variant: 'sft',
    bytes: 9.6e9,
    present: quality === 'full' && !missing,
    loaded: false,
    selected: quality === 'full',
    quality: 'full',
    downloadable: true,
  };
  const small = { ...full, name: `${quality}-model`, bytes: 4e6, present: true, quality };
  const models = quality === 'full' ? [full] : [{ ...small, selected: true }, full];

  function checkJob(request) {
    const table = options.modes.find((m) => m.mode === request.mode);
    if (!table)
      return refuse(
        422,
        'invalid_request',
        'mode',
        'Unknown mode',
        `There is no mode '${request.mode}'.`,
      );
    for (const f of table.fields) {
      const value = f.group ? request[f.group]?.[f.name] : request[f.name];
      const path = f.group ? `${f.group}.${f.name}` : f.name;
      if (f.missing && !String(value ?? '').trim())
        return refuse(422, 'invalid_request', path, `${f.label} is missing`, f.missing);
      if (
        ['integer', 'number'].includes(f.type) &&
        typeof value === 'number' &&
        (value < f.range.min || value > f.range.max)
      )
        return refuse(
          422,
          'invalid_request',
          path,
          `${f.label} is out of range`,
          `${value} is not between ${f.range.min} and ${f.range.max}.`,
        );
    }
    return null;
  }

  function addUpload(role, name, bytes, trimSeconds) {
    const facts = readWav(bytes);
    if (!facts)
      return refuse(
        415,
        'unsupported',
        role,
        'Not an audio file we read',
        `${name} is no wav, mp3 or flac file.`,
        ['pick_file'],
      );
    const data = trimSeconds ? trim(bytes, trimSeconds) : bytes;
    const { duration_s, sample_rate, channels } = readWav(data);
    const max = role === 'ref_audio' ? 60 : 240;
    if (duration_s > max)
      return refuse(
        422,
        'invalid_request',
        role,
        'The audio is too long',
        `${name} lasts ${Math.round(duration_s)} s, at most ${max} s are possible.`,
        role === 'ref_audio' ? ['use_first_60s', 'pick_file'] : ['pick_file'],
      );
    const upload = {
      id: newId('u'),
      role,
      name,
      bytes: data.length,
      sha256: createHash('sha256').update(data).digest('hex'),
      url: studio.addFile(data, 'audio/wav', name),
      expires_at: new Date(Date.now() + 7200e3).toISOString(),
      audio: { container: 'wav', duration_s, sample_rate, channels, peaks: peaksOf(data) },
    };
    studio.uploads.set(upload.id, upload);
    return { status: 201, body: upload };
  }

  function addLora(name, bytes) {
    if (!name.endsWith('.safetensors') || bytes.length < 8)
      return refuse(
        422,
        'corrupt_file',
        'loras',
        'This is not a LoRA',
        `${name} is cut off or not a safetensors file.`,
        ['remove_lora'],
      );
    const sha256 = createHash('sha256').update(bytes).digest('hex');
    const known = loras.custom.find((l) => l.sha256 === sha256);
    if (known) return { status: 200, body: known };
    const lora = {
      id: newId('l'),
      name: name.replace(/\.safetensors$/, ''),
      kind: 'custom',
      default_scale: 0.95,
      sha256,
      bytes: bytes.length,
      rank: 32,
      alpha: 32,
      state: 'selected',
    };
    loras.custom.push(lora);
    return { status: 201, body: lora };
  }

  const view = (job, status = 202) => ({ status, body: job.view });
  const routes = [
    [
      'GET',
      /^\/info$/,
      () => ({
        body: {
          name: 'ACE Music Studio',
          version: '0.1.0',
          commit: 'mock',
          device,
          device_name: device === 'cpu' ? 'CPU, 8 threads' : 'Mock GPU',
          precision: 'bf16',
          model: 'acestep-v15-xl-sft',
          state: studio.waiting ? 'busy' : 'idle',
          queue: { running: 0, waiting: studio.waiting, max_waiting: 16 },
          features: { lyrics: true, stems: true, planner: true },
          retention: { results_s: 86400, uploads_s: 7200 },
        },
      }),
    ],
    ['GET', /^\/options$/, () => ({ body: options })],
    ['GET', /^\/models$/, () => ({ body: { models } })],
    [
      'POST',
      /^\/models\/([\w.-]+)\/download$/,
      (c) => {
        const job = studio.start(c.session, 'download', null, null, async (job) => {
          await studio.stage(job, 'downloading', 20, 250, 300, 'model.safetensors');
          for (const model of models) model.selected = false;
          Object.assign(full, { present: true, selected: true });
          studio.emit(job, { kind: 'done', result_id: null });
        });
        job.view.model = full.name;
        return view(job);
      },
    ],
    ['GET', /^\/loras$/, () => ({ body: loras })],
    [
      'POST',
      /^\/loras\/(.+)\/prepare$/,
      (c, id) =>
        view(
          studio.start(c.session, 'lora', null, null, async (job) => {
            await studio.stage(job, 'downloading', 5, 80, 1, 'adapter');
            const preset = loras.presets.find((l) => l.id === decodeURIComponent(id));
            Object.assign(preset, {
              state: 'selected',
              sha256: '0c94'.padEnd(64, '0'),
              bytes: 159e6,
              rank: 64,
              alpha: 64,
            });
            studio.emit(job, { kind: 'done', result_id: null });
          }),
        ),
    ],
    [
      'POST',
      /^\/uploads$/,
      (c) => {
        const [role, name] = [c.query.get('role'), c.query.get('name') ?? 'audio'];
        return role === 'lora'
          ? addLora(name, c.body)
          : addUpload(role, name, c.body, Number(c.query.get('trim_s')));
      },
    ],
    [
      'POST',
      /^\/uploads\/from-result$/,
      (c) => {
        const { result_id, file, role } = c.json();
        const result = studio.results.get(result_id);
        const source = result?.files.find((f) => f.role === file);
        if (!source) return refuse(404, 'not_found', null, 'No such result', 'The result is gone.');
        const trimmed = role === 'ref_audio' && result.duration_s > 60 ? 60 : 0;
        return addUpload(
          role,
          `${result.label} (${result.mode}).wav`,
          studio.files.get(source.url.slice(7)).bytes,
          trimmed,
        );
      },
    ],
    [
      'GET',
      /^\/uploads\/(\w+)$/,
      (c, id) =>
        studio.uploads.has(id)
          ? { body: studio.uploads.get(id) }
          : refuse(410, 'gone', null, 'The file was cleaned up', 'Add it again.'),
    ],
    [
      'POST',
      /^\/jobs$/,
      (c) => {
        const request = c.json();
        const kind = request.mode === 'lyrics' ? 'lyrics' : 'song';
        const running = studio.active(c.session, kind);
        if (running) return { status: 200, body: { ...running.view, existing: true } };
        return checkJob(request) ?? view(studio[kind](c.session, request));
      },
    ],
    ['GET', /^\/jobs\/(\w+)$/, (c, id) => view(studio.jobs.get(id), 200)],
    [
      'DELETE',
      /^\/jobs\/(\w+)$/,
      (c, id) => (studio.cancel(studio.jobs.get(id)), view(studio.jobs.get(id))),
    ],
    [
      'POST',
      /^\/jobs\/(\w+)\/retake$/,
      (c, id) =>
        view(studio.song(c.session, { ...studio.jobs.get(id).view.request, seed: undefined })),
    ],
    [
      'GET',
      /^\/results\/(\w+)$/,
      (c, id) =>
        studio.results.has(id)
          ? { body: studio.results.get(id) }
          : refuse(
              410,
              'gone',
              null,
              'The result was cleaned up',
              'Its files are kept for 24 hours.',
            ),
    ],
    [
      'POST',
      /^\/results\/(\w+)\/(stems|normalise|mp3|flac)$/,
      (c, id, kind) => view(studio.post(c.session, kind, studio.results.get(id))),
    ],
    [
      'GET',
      /^\/history$/,
      (c) => ({
        body: {
          items: studio.history
            .filter((r) => r.session === c.session)
            .slice(0, 12)
            .map((r) => ({
              result_id: r.id,
              mode: r.mode,
              label: r.label,
              created_at: r.created_at,
              available: true,
            })),
        },
      }),
    ],
    [
      'GET',
      /^\/session$/,
      (c) => ({
        body: {
          jobs: [...studio.jobs.values()]
            .filter((j) => j.session === c.session && ['queued', 'running'].includes(j.view.state))
            .map((j) => j.view),
        },
      }),
    ],
  ];

  function streamEvents(job, after, response) {
    response.writeHead(200, {
      'Content-Type': 'text/event-stream',
      'Cache-Control': 'no-store',
      'X-Accel-Buffering': 'no',
    });
    const last = ['done', 'error', 'cancelled'];
    const send = (event) => {
      response.write(`id: ${event.id}\nevent: ${event.kind}\ndata: ${JSON.stringify(event)}\n\n`);
      if (last.includes(event.kind)) response.end();
    };
    job.events.filter((e) => e.id > after).forEach(send);
    if (last.includes(job.events.at(-1)?.kind)) return void response.end();
    job.listeners.add(send);
    const heartbeat = setInterval(
      () => send({ id: job.view.last_event, kind: 'heartbeat' }),
      15000,
    );
    response.on('close', () => (clearInterval(heartbeat), job.listeners.delete(send)));
  }

  function sendFile(request, response, file, download) {
    const headers = { 'Content-Type': file.mime, 'Accept-Ranges': 'bytes' };
    if (download)
      headers['Content-Disposition'] =
        `attachment; filename="${file.name.replace(/[^\w.-]/g, '_')}"`;
    const range = /^bytes=(\d+)-(\d*)$/.exec(request.headers.range ?? '');
    if (!range)
      return void response
        .writeHead(200, { ...headers, 'Content-Length': file.bytes.length })
        .end(file.bytes);
    const [from, to] = [Number(range[1]), range[2] ? Number(range[2]) : file.bytes.length - 1];
    response.writeHead(206, {
      ...headers,
      'Content-Length': to - from + 1,
      'Content-Range': `bytes ${from}-${to}/${file.bytes.length}`,
    });
    response.end(file.bytes.subarray(from, to + 1));
  }

  function sendPage(path, response) {
    const file = join(web, 'dist', path === '/' ? 'index.html' : path);
    if (path.includes('..') || !existsSync(file)) return void response.writeHead(404).end();
    response.writeHead(200, {
      'Content-Type': types[extname(file)] ?? 'application/octet-stream',
      'Content-Security-Policy': csp,
    });
    response.end(readFileSync(file));
  }

  const server = createServer(async (request, response) => {
    const url = new URL(request.url, 'http://mock');
    const chunks = [];
    try {
      for await (const chunk of request) chunks.push(chunk);
    } catch {
      return; // the client went away in the middle
    }
    const file = /^\/files\/(\w+)$/.exec(url.pathname);
    if (file)
      return sendFile(
        request,
        response,
        studio.files.get(file[1]),
        url.searchParams.has('download'),
      );
    if (url.pathname === '/mock/song.wav')
      return sendFile(request, response, {
        bytes: makeSong(Number(url.searchParams.get('s') ?? 20), 5),
        mime: 'audio/wav',
        name: 'song.wav',
      });
    if (!url.pathname.startsWith('/api/v1')) return sendPage(url.pathname, response);
    const path = url.pathname.slice(7);
    if (token && request.headers.authorization !== `Bearer ${token}`) {
      const { body } = refuse(
        401,
        'unauthorised',
        null,
        'This studio is locked',
        'Its operator set an access token.',
      );
      return response
        .writeHead(401, { 'Content-Type': 'application/json' })
        .end(JSON.stringify(body));
    }
    const events = /^\/jobs\/(\w+)\/events$/.exec(path);
    if (events) {
      const after = Number(request.headers['last-event-id'] ?? url.searchParams.get('after') ?? 0);
      const job = studio.jobs.get(events[1]);
      if (url.searchParams.get('format') !== 'json') return streamEvents(job, after, response);
      return response.end(JSON.stringify({ events: job.events.filter((e) => e.id > after) }));
    }
    const body = Buffer.concat(chunks);
    const context = {
      body,
      json: () => JSON.parse(body.toString() || '{}'),
      query: url.searchParams,
      session: request.headers['x-ams-session'],
    };
    const route = routes.find(
      ([method, pattern]) => method === request.method && pattern.test(path),
    );
    const answer = route
      ? route[2](context, ...route[1].exec(path).slice(1))
      : refuse(404, 'not_found', null, 'Unknown route', path);
    response
      .writeHead(answer.status ?? 200, { 'Content-Type': 'application/json' })
      .end(JSON.stringify(answer.body));
  });
  return new Promise((resolve) =>
    server.listen(port, '127.0.0.1', () =>
      resolve({ server, url: `http://127.0.0.1:${server.address().port}` }),
    ),
  );
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  const value = (name, fallback) =>
    process.argv.includes(name) ? Number(process.argv[process.argv.indexOf(name) + 1]) : fallback;
  const { url } = await startMock({ port: value('--port', 7861), speed: value('--speed', 1) });
  console.log(`mock studio on ${url}`);
}
