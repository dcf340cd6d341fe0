// Every failure that reaches the page has this one shape (studio.md 5.1).
import type { Problem } from './types';

export class ApiError extends Error {
  constructor(
    readonly status: number, // 0: no answer
    readonly problem: Problem,
  ) {
    super(problem.message);
  }
}

export function problem(title: string, message: string, more: Partial<Problem> = {}): Problem {
  return { level: 'error', code: 'page', field: null, title, message, ...more };
}

export const offline = problem(
  'The studio does not answer',
  'Is ams serve still running? A song in progress goes on and is here when you are back.',
  { code: 'offline' },
);

// What to show for anything that was thrown.
export function toProblem(error: unknown): Problem {
  if (error instanceof ApiError) return error.problem;
  return problem('The page made a mistake', error instanceof Error ? error.message : String(error));
}

export function isProblem(value: unknown): value is Problem {
  return typeof value === 'object' && value !== null && 'code' in value && 'message' in value;
}
