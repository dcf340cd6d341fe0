// The only place of the page that talks HTTP. One method per route of docs/api.md.
import { ApiError, isProblem, offline, problem } from './problem';
import type {
  AudioUpload,
  FileRole,
  HistoryItem,
  Job,
  JobEvent,
  JobRequest,
  Lora,
  ModelInfo,
  Options,
  PostKind,
  Result,
  ServerInfo,
  UploadRole,
} from './types';

const BASE = '/api/v1';

export interface UploadOptions {
  trimSeconds?: number;
  onProgress?: (fraction: number) => void;
}

export class Client {
  constructor(
    private readonly session: string,
    public token: string = '', // bearer token; empty: none
  ) {}

  info = () => this.get<ServerInfo>('/info');
  options = () => this.get<Options>('/options');
  models = () => this.get<{ models: ModelInfo[] }>('/models');
  loras = () => this.get<{ presets: Lora[]; custom: Lora[] }>('/loras');
  history = () => this.get<{ items: HistoryItem[] }>('/history');
  activeJobs = () => this.get<{ jobs: Job[] }>('/session');
  job = (id: string) => this.get<Job>(`/jobs/${id}`);
  result = (id: string) => this.get<Result>(`/results/${id}`);
  audioUpload = (id: string) => this.get<AudioUpload>(`/uploads/${id}`);

  submit = (request: JobRequest) => this.send<Job>('POST', '/jobs', request);
  retake = (id: string) => this.send<Job>('POST', `/jobs/${id}/retake`, {});
  cancel = (id: string) => this.send<Job>('DELETE', `/jobs/${id}`);
  process = (resultId: string, kind: PostKind, source: FileRole) =>
    this.send<Job>('POST', `/results/${resultId}/${kind}`, { source });
  downloadModel = (name: string) =>
    this.send<Job>('POST', `/models/${encodeURIComponent(name)}/download`, {});
  prepareLora = (id: string) =>
    this.send<Job>('POST', `/loras/${encodeURIComponent(id)}/prepare`, {});
  uploadFromResult = (resultId: string, file: FileRole, role: UploadRole) =>
    this.send<AudioUpload>('POST', '/uploads/from-result', { result_id: resultId, file, role });

  uploadAudio = (file: File, role: UploadRole, options: UploadOptions = {}) =>
    this.upload<AudioUpload>(file, role, options);
  uploadLora = (file: File, options: UploadOptions = {}) =>
    this.upload<Lora>(file, 'lora', options);

  // Polling fallback of the event stream.
  events = (jobId: string, after: number) =>
    this.get<{ events: JobEvent[] }>(`/jobs/${jobId}/events?format=json&after=${after}`);

  // The open event stream; the caller reads its body.
  async openEvents(jobId: string, after: number, signal: AbortSignal): Promise<Response> {
    const headers = { ...this.headers(), 'Last-Event-ID': String(after) };
    return this.request(`/jobs/${jobId}/events`, { headers, signal });
  }

  private headers(): Record<string, string> {
    const headers: Record<string, string> = { 'X-AMS-Session': this.session };
    if (this.token) headers['Authorization'] = `Bearer ${this.token}`;
    return headers;
  }

  private async request(path: string, init: RequestInit): Promise<Response> {
    let response: Response;
    try {
      response = await fetch(BASE + path, { cache: 'no-store', ...init });
    } catch (error) {
      if (init.signal?.aborted) throw error;
      throw new ApiError(0, offline);
    }
    if (response.ok) return response;
    throw new ApiError(response.status, readProblem(response.status, await response.text()));
  }

  private async get<T>(path: string): Promise<T> {
    return (await this.request(path, { headers: this.headers() })).json() as Promise<T>;
  }

  private async send<T>(method: string, path: string, body?: unknown): Promise<T> {
    const headers = { ...this.headers(), 'Content-Type': 'application/json' };
    const init = { method, headers, body: body === undefined ? null : JSON.stringify(body) };
    return (await this.request(path, init)).json() as Promise<T>;
  }

  // XMLHttpRequest, because fetch() reports no upload progress.
  private upload<T>(file: File, role: UploadRole, options: UploadOptions): Promise<T> {
    const query = new URLSearchParams({ role, name: file.name });
    if (options.trimSeconds) query.set('trim_s', String(options.trimSeconds));
    return new Promise((resolve, reject) => {
      const request = new XMLHttpRequest();
      request.open('POST', `${BASE}/uploads?${query}`);
      for (const [name, value] of Object.entries(this.headers()))
        request.setRequestHeader(name, value);
      request.setRequestHeader('Content-Type', 'application/octet-stream');
      request.upload.onprogress = (event) => options.onProgress?.(event.loaded / event.total);
      request.onerror = () => reject(new ApiError(0, offline));
      request.onload = () => {
        if (request.status < 300) resolve(JSON.parse(request.responseText) as T);
        else
          reject(new ApiError(request.status, readProblem(request.status, request.responseText)));
      };
      request.send(file);
    });
  }
}

function readProblem(status: number, text: string) {
  try {
    const body: unknown = JSON.parse(text);
    if (isProblem(body)) return body;
  } catch {
    // Not from the studio: a proxy's own page.
  }
  return problem('Unexpected answer', `The server answered with status ${status}.`, {
    code: `http_${status}`,
  });
}
