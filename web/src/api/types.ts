// The HTTP contract of the studio as the page sees it, version 1. docs/api.md explains it.
// Names on the wire are those of the C++ field tables (src/base/fields.h, src/studio/requests).

export const MODES = ['generate', 'cover', 'extend', 'edit', 'lyrics'] as const;
export type Mode = (typeof MODES)[number];

export type Scalar = string | number | boolean | null;
export type Json = Scalar | Json[] | { [key: string]: Json };

// ---- Errors ---------------------------------------------------------------------------------

// What the page can offer besides closing the message.
export type WayOut =
  'retry' | 'pick_file' | 'use_first_60s' | 'fewer_steps' | 'shorter_duration' | 'remove_lora';

// The body of every response with a status of 400 and above; also inside events and jobs.
export interface Problem {
  level: 'error' | 'warning' | 'info';
  code: string; // "invalid_request", "busy", "too_large", ...
  field: string | null; // path of the field at fault: "duration_s", "advanced.bpm"
  title: string; // "Duration is out of range"
  message: string; // what was wrong, what is expected, the way out
  actions?: WayOut[];
}

// ---- Options: the server's field tables -----------------------------------------------------

export interface Choice {
  value: string;
  label: string;
}

// Bounds are inclusive; null means open. For text they count characters, for audio seconds.
export interface Range {
  min: number | null;
  max: number | null;
}

export interface OptionField {
  name: string; // "inference_steps"
  group: string; // object around it on the wire: "advanced"; "": top level
  type: 'text' | 'integer' | 'number' | 'boolean' | 'choice' | 'upload' | 'loras';
  label: string;
  help: string; // one short sentence
  placeholder: string;
  unit: string; // "s"
  range: Range | null;
  step: number | null; // of sliders; not enforced
  default: Scalar; // what an untouched form shows and an absent field means
  when_absent: string; // what an empty value means: "the planner chooses"; "": not allowed
  choices: Choice[];
  missing: string; // what to say when it is empty; "": it may be empty
  accept: string[]; // uploads: file name endings
  max_bytes: number | null; // uploads
}

// Time budget in seconds = clamp(base_s + 2 x length, min_s, max_s) (studio.md 6.3).
export interface BudgetRule {
  base_s: number;
  length: string[]; // one field: its value; two: first minus second; none: 0
  default_length_s: number; // when the fields are empty
  min_s: number;
  max_s: number;
}

export interface ModeOptions {
  mode: Mode;
  label: string; // "Generate"
  action: string; // "Generate cover"
  summary: string; // one sentence for the empty output panel
  uses_planner: boolean;
  budget: BudgetRule;
  fields: OptionField[];
}

export interface Options {
  modes: ModeOptions[];
}

// ---- Server ---------------------------------------------------------------------------------

export interface ServerInfo {
  name: string;
  version: string;
  commit: string;
  device: string; // "cpu", "cuda", "metal", "vulkan"
  device_name: string;
  precision: string;
  model: string; // song model in use
  state: 'idle' | 'loading' | 'busy'; // idle: weights load with the next job
  queue: { running: number; waiting: number; max_waiting: number };
  features: { lyrics: boolean; stems: boolean; planner: boolean };
  retention: { results_s: number; uploads_s: number };
}

export interface ModelInfo {
  name: string;
  kind: 'song' | 'planner' | 'lyrics' | 'stems';
  variant: string; // "sft", "turbo", "base"; "" for other kinds
  bytes: number;
  present: boolean; // it is on this machine, with all that it needs
  loaded: boolean;
  selected: boolean;
  // A server that leaves them out offers no downloads and full models only.
  quality?: ModelQuality;
  downloadable?: boolean; // POST /models/{name}/download fetches it
}

// 'demo': the small built-in model; 'test': random weights, its songs are noise.
export type ModelQuality = 'full' | 'demo' | 'test';

// ---- Uploads and adapters -------------------------------------------------------------------

// Lowest and highest sample per column, in [-1, 1], of the mix of all channels.
export interface Peaks {
  min: number[];
  max: number[];
}

export type UploadRole = 'ref_audio' | 'seed_audio' | 'source_audio' | 'lora';

export interface AudioFacts {
  container: string; // "wav", "mp3", "flac"
  duration_s: number;
  sample_rate: number;
  channels: number;
  peaks: Peaks;
}

export interface AudioUpload {
  id: string;
  role: UploadRole;
  name: string; // of the user's file, for display only
  bytes: number;
  sha256: string;
  url: string; // to listen to it
  expires_at: string;
  audio: AudioFacts;
}

export interface Lora {
  id: string; // "preset:chinese-new-year", or the upload's id
  name: string;
  kind: 'preset' | 'custom';
  default_scale: number;
  sha256: string | null; // null: a preset that is not downloaded yet
  bytes: number | null;
  rank: number | null;
  alpha: number | null;
  state: 'not_downloaded' | 'selected' | 'applied'; // applied: the engine changed weights with it
}

export interface LoraChoice {
  id: string;
  scale: number;
}

// ---- Jobs -----------------------------------------------------------------------------------

// Fields of the mode's table; groups are objects, uploads are ids.
export type RequestValue = Scalar | LoraChoice[] | { [name: string]: Scalar };
export interface JobRequest {
  mode: Mode;
  loras?: LoraChoice[];
  [field: string]: RequestValue | undefined;
}

// 'download': weights of a model; its `downloading` events name the file in `message`.
export type JobKind =
  'song' | 'lyrics' | 'lora' | 'download' | 'stems' | 'normalise' | 'mp3' | 'flac';
export type PostKind = Extract<JobKind, 'stems' | 'normalise' | 'mp3' | 'flac'>;

// What the planner chose; a field it left open is empty.
export interface Plan {
  caption: string;
  bpm: number | null;
  keyscale: string;
  timesignature: string;
  vocal_language: string;
}

export const STAGES = [
  'downloading',
  'loading',
  'planner',
  'encoding',
  'diffusion',
  'decoding',
  'saving',
  'post',
] as const;
export type Stage = (typeof STAGES)[number];

// How far a download is.
export interface Transfer {
  bytes: number; // that are there
  total: number; // 0: not known yet
  bytes_per_s: number | null; // of the last seconds; null: not known yet
}

interface Numbered {
  id: number; // counts from 1 within the job
}
export interface QueuedEvent extends Numbered {
  kind: 'queued';
  jobs_ahead: number;
  wait_s: number | null; // measured on earlier jobs; null: unknown
}
export interface StageEvent extends Numbered {
  kind: Stage;
  fraction: number | null; // of the stage; null: unknown
  step: number; // of `total`; 0 of 0 for stages that do not count
  total: number;
  elapsed_s: number; // since the job left the queue
  eta_s: number | null; // of the whole job, measured; null: unknown
  message: string;
  transfer: Transfer | null; // of a download; null: nothing has come yet
}
export interface PlanEvent extends Numbered {
  kind: 'plan';
  plan: Plan;
}
export interface TextEvent extends Numbered {
  kind: 'text';
  text: string; // to append
  tokens: number; // written so far
}
export interface WarningEvent extends Numbered {
  kind: 'warning';
  problem: Problem;
}
export interface DoneEvent extends Numbered {
  kind: 'done';
  result_id: string | null; // null: the job made no result (a LoRA download)
}
export interface ErrorEvent extends Numbered {
  kind: 'error';
  problem: Problem;
}
export interface CancelledEvent extends Numbered {
  kind: 'cancelled';
}
export interface HeartbeatEvent extends Numbered {
  kind: 'heartbeat';
}
export type JobEvent =
  | QueuedEvent
  | StageEvent
  | PlanEvent
  | TextEvent
  | WarningEvent
  | DoneEvent
  | ErrorEvent
  | CancelledEvent
  | HeartbeatEvent;

export type JobState = 'queued' | 'running' | 'done' | 'failed' | 'cancelled';

export interface Job {
  id: string;
  kind: JobKind;
  mode: Mode | null; // null: not from a form
  state: JobState;
  created_at: string;
  last_event: number; // everything up to this event is contained in this object
  queue: { jobs_ahead: number; wait_s: number | null } | null; // while queued
  progress: Omit<StageEvent, 'id'> | null; // latest stage
  plan: Plan | null;
  text: string; // Lyrics: the draft so far
  tokens: number;
  model: string | null; // kind 'download': which one
  warnings: Problem[];
  error: Problem | null;
  result_id: string | null; // of post-processing: the result that it works on, from the start
  request: JobRequest | null;
  existing: boolean; // POST only: the session already had this job; nothing new was started
}

// ---- Results --------------------------------------------------------------------------------

export const STEMS = ['vocals', 'drums', 'bass', 'other'] as const;
export type Stem = (typeof STEMS)[number];
export type FileRole = 'song' | 'input' | 'normalised' | 'mp3' | 'flac' | 'stems_zip' | Stem;

export interface ResultFile {
  role: FileRole;
  url: string; // supports ranges; append ?download=1 for an attachment
  mime: string;
  bytes: number;
  duration_s: number | null; // null: not audio
  peaks: Peaks | null; // null: not made for this file
  lufs: number | null; // integrated loudness, where it was measured
}

export interface Result {
  id: string;
  job_id: string;
  mode: Mode;
  label: string; // first 30 characters of prompt, lyrics or brief; "": none given
  created_at: string;
  expires_at: string;
  duration_s: number; // 0 for Lyrics
  files: ResultFile[];
  seed_end_s: number | null; // Extend: where the seed ends
  segment: { start_s: number; end_s: number } | null; // Edit
  text: string; // Lyrics
  request: JobRequest;
  inputs_available: boolean; // retake and "edit again" need no upload
  metadata: { [key: string]: Json }; // schema "ams.meta/1", studio.md 3.7
}

export interface HistoryItem {
  result_id: string;
  mode: Mode;
  label: string;
  created_at: string;
  available: boolean; // false: its files were cleaned up
}
