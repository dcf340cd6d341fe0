// The built program with a data folder and a port of its own. AMS_PROGRAM names another binary.
import { spawn } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, rmSync, symlinkSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Target } from './harness';

export const root = fileURLToPath(new URL('../../..', import.meta.url));
const program = process.env['AMS_PROGRAM'] ?? join(root, 'build/release/bin/ams');
const START_MS = 30_000;
const PATIENCE_MS = 120_000; // a song takes a few seconds, on a busy machine up to a minute

export const checkpoints = join(root, 'tests/golden/data/checkpoints');
const golden = process.env['AMS_GOLDEN_DIR'] ?? join(root, '../shared/golden');

// Random weights in the official formats. Songs come from the built-in model, as they do for a user
// who has installed nothing.
const MODELS = [
  join(checkpoints, 'Qwen2.5-7B-Instruct'),
  join(golden, 'checkpoints/htdemucs'), // not in every checkout
];

function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const probe = createServer();
    probe.on('error', reject);
    probe.listen(0, '127.0.0.1', () => {
      const address = probe.address();
      probe.close(() =>
        address && typeof address === 'object'
          ? resolve(address.port)
          : reject(new Error('no free port')),
      );
    });
  });
}

function makeFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'ams-page-'));
  mkdirSync(join(folder, 'models'));
  for (const model of MODELS.filter((path) => existsSync(path)))
    symlinkSync(model, join(folder, 'models', model.split('/').at(-1) ?? 'model'));
  return folder;
}

// Throws with what the program wrote when it does not serve in time.
export async function startRealStudio(): Promise<Target> {
  if (!existsSync(program)) throw new Error(`${program} is not built`);
  const port = await freePort();
  const folder = makeFolder();
  const words = ['serve', '--host', '127.0.0.1', '--port', String(port), '--device', 'cpu'];
  const server = spawn(program, [...words, '--data-dir', join(folder, 'data')], {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: {
      PATH: process.env['PATH'],
      HOME: folder,
      HF_HUB_CACHE: join(folder, 'hub'),
      AMS_MODEL_DIR: join(folder, 'models'),
      AMS_OFFLINE: '1',
    },
  });
  let said = '';
  server.stdout.on('data', (text) => (said += String(text)));
  server.stderr.on('data', (text) => (said += String(text)));
  const gone = new Promise<number | null>((resolve) => server.on('exit', resolve));

  const close = async () => {
    server.kill('SIGTERM');
    const timer = setTimeout(() => server.kill('SIGKILL'), 20000);
    const code = await gone;
    clearTimeout(timer);
    rmSync(folder, { recursive: true, force: true });
    if (code !== 0 && code !== 130 && code !== 143)
      throw new Error(`ams serve ended with ${code}:\n${said}`);
  };

  const url = `http://127.0.0.1:${port}`;
  for (const start = Date.now(); Date.now() - start < START_MS;) {
    if (server.exitCode !== null) break;
    const ready = await fetch(`${url}/healthz`).catch(() => null);
    if (ready?.ok) return { url, close, patience_ms: PATIENCE_MS };
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  server.kill('SIGKILL');
  rmSync(folder, { recursive: true, force: true });
  throw new Error(`${program} serve does not answer on ${url}:\n${said}`);
}
