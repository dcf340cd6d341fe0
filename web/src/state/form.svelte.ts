// The form of one mode: its values by field path. Knows the option table, not the page.
import type {
  AudioUpload,
  JobRequest,
  Lora,
  ModeOptions,
  OptionField,
  Problem,
  RequestValue,
  Scalar,
} from '../api/types';
import { acceptValue, checkField, checkPairs, pathOf } from './field_rules';

export interface LoraEntry {
  lora: Lora;
  scale: number;
}

// What a draft, a link or an older request holds: values that differ from the defaults.
export interface FormSnapshot {
  values: Record<string, unknown>;
  upload?: AudioUpload | null;
  loras?: LoraEntry[];
}

export class Form {
  readonly fields: ReadonlyMap<string, OptionField>;
  readonly uploadField: OptionField | null;
  readonly loraField: OptionField | null;
  values = $state<Record<string, Scalar>>({});
  upload = $state<AudioUpload | null>(null);
  loras = $state<LoraEntry[]>([]);
  errors = $state<Record<string, string>>({});

  constructor(readonly table: ModeOptions) {
    const inputs = table.fields.filter((f) => f.type !== 'upload' && f.type !== 'loras');
    this.fields = new Map(inputs.map((f) => [pathOf(f), f]));
    this.uploadField = table.fields.find((f) => f.type === 'upload') ?? null;
    this.loraField = table.fields.find((f) => f.type === 'loras') ?? null;
    for (const [path, field] of this.fields) this.values[path] = field.default;
  }

  get mode() {
    return this.table.mode;
  }

  field(path: string): OptionField {
    const field = this.fields.get(path);
    if (!field) throw new Error(`form ${this.mode}: no field '${path}' in the option table`);
    return field;
  }

  value = (path: string): Scalar => this.values[path] ?? null;
  text = (path: string): string => String(this.values[path] ?? '');

  set(path: string, value: Scalar) {
    this.field(path);
    this.values[path] = value;
    delete this.errors[path];
  }

  differs(path: string): boolean {
    return this.values[path] !== this.field(path).default;
  }

  reset(paths: Iterable<string> = this.fields.keys()) {
    for (const path of paths) this.set(path, this.field(path).default);
  }

  // A new source also moves Edit's segment into it.
  setUpload(upload: AudioUpload | null) {
    this.upload = upload;
    if (this.uploadField) delete this.errors[this.uploadField.name];
    if (upload && this.fields.has('segment_end_s')) {
      this.set('segment_start_s', 0);
      this.set('segment_end_s', Math.round(Math.min(30, upload.audio.duration_s) * 10) / 10);
    }
  }

  // Marks every field at fault; returns the first problem.
  check(): Problem | null {
    this.errors = {};
    const problems: Problem[] = [];
    if (this.uploadField && !this.upload)
      problems.push(...[checkField(this.uploadField, null)].filter((p) => p !== null));
    for (const [path, field] of this.fields) {
      const found = checkField(field, this.value(path));
      if (found) problems.push(found);
    }
    const pair = problems.length
      ? null
      : checkPairs(this.table, this.value, this.upload?.audio.duration_s ?? null);
    if (pair) problems.push(pair);
    for (const found of problems) if (found.field) this.errors[found.field] = found.message;
    return problems[0] ?? null;
  }

  // Values that differ from the table's defaults; required ones always.
  changedValues(): Record<string, Scalar> {
    const entries = [...this.fields].filter(([path, f]) => f.missing || this.differs(path));
    return Object.fromEntries(entries.map(([path]) => [path, this.value(path)]));
  }

  toRequest(): JobRequest {
    const request: JobRequest = { mode: this.mode };
    for (const [path, value] of Object.entries(this.changedValues())) {
      const field = this.field(path);
      if (!field.group) request[field.name] = value;
      else
        request[field.group] = {
          ...(request[field.group] as Record<string, Scalar> | undefined),
          [field.name]: value,
        };
    }
    if (this.uploadField && this.upload) request[this.uploadField.name] = this.upload.id;
    if (this.loras.length)
      request.loras = this.loras.map(({ lora, scale }) => ({ id: lora.id, scale }));
    return request;
  }

  snapshot(): FormSnapshot {
    return { values: this.changedValues(), upload: this.upload, loras: this.loras };
  }

  // Replaces everything. Values that the table does not allow are left at their defaults.
  restore(snapshot: FormSnapshot) {
    this.reset();
    this.errors = {};
    for (const [path, value] of Object.entries(snapshot.values)) {
      const field = this.fields.get(path);
      const accepted = field && acceptValue(field, value);
      if (accepted !== undefined) this.values[path] = accepted;
    }
    if (this.uploadField) this.upload = snapshot.upload ?? null;
    this.loras = snapshot.loras ?? [];
  }
}

// The values of a request, by field path.
export function valuesOfRequest(request: JobRequest): Record<string, RequestValue> {
  const values: Record<string, RequestValue> = {};
  for (const [name, value] of Object.entries(request)) {
    if (value === undefined || Array.isArray(value)) continue;
    if (value !== null && typeof value === 'object')
      for (const [inner, v] of Object.entries(value)) values[`${name}.${inner}`] = v;
    else values[name] = value;
  }
  return values;
}
