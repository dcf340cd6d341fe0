import type { Server } from 'node:http';

export interface MockOptions {
  port?: number; // 0: any free one
  speed?: number; // 10: jobs run ten times faster
  device?: 'cuda' | 'cpu';
  token?: string; // asked of every API call
  quality?: 'full' | 'demo' | 'test'; // of the song model in use
  missing?: boolean; // it has to be downloaded first
}

export function startMock(options?: MockOptions): Promise<{ server: Server; url: string }>;
