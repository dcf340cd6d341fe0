import type { Options } from '../src/api/types';

export const options: Options;
