// A LoRA of rank 4 that fits the built-in model's query matrices, as the bytes of a safetensors file.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { root } from './real_studio';

const RANK = 4;

interface SongModelConfig {
  hidden_size: number;
  num_hidden_layers: number;
  num_attention_heads: number;
  head_dim: number;
}

export function adapterForBuiltInModel(): Buffer {
  const path = join(root, 'models/demo/acestep-v15-demo/config.json');
  const config = JSON.parse(readFileSync(path, 'utf8')) as SongModelConfig;
  const heads = config.num_attention_heads * config.head_dim;
  const header: Record<string, { dtype: string; shape: number[]; data_offsets: number[] }> = {};
  let end = 0;
  const add = (name: string, shape: [number, number]) => {
    const begin = end;
    end += shape[0] * shape[1] * Float32Array.BYTES_PER_ELEMENT;
    header[name] = { dtype: 'F32', shape, data_offsets: [begin, end] };
  };
  for (let layer = 0; layer < config.num_hidden_layers; layer++) {
    const module = `base_model.model.layers.${layer}.self_attn.q_proj`;
    add(`${module}.lora_A.weight`, [RANK, config.hidden_size]);
    add(`${module}.lora_B.weight`, [heads, RANK]);
  }
  const text = Buffer.from(JSON.stringify(header));
  const size = Buffer.alloc(8);
  size.writeBigUInt64LE(BigInt(text.length));
  const values = Float32Array.from({ length: end / 4 }, (_, i) => Math.sin(i * 12.9898) / 20);
  return Buffer.concat([size, text, Buffer.from(values.buffer)]);
}
