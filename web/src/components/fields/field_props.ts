import type { OptionField } from '../../api/types';

// What every control of a table row gets.
const LONGEST_HINT = 8;

export interface FieldProps {
  field: OptionField;
  id: string; // unique in the page: "generate-prompt"
  name: string; // stable control id of studio.md: "prompt"
  help: string;
  error?: string | undefined;
}

// Links the control to its help and error.
export function described({ id, help, error }: FieldProps): string | undefined {
  return (
    [help ? `${id}-help` : '', error ? `${id}-error` : ''].filter(Boolean).join(' ') || undefined
  );
}

// Decimals of a step: 0.05 -> 2.
export const decimals = (step: number | null): number =>
  step === null ? 0 : (String(step).split('.')[1]?.length ?? 0);

// The wheel scrolls the page; it must not change a focused number on the way.
export const keepOnWheel = (event: WheelEvent) => (event.currentTarget as HTMLElement).blur();

// What an empty field shows, short enough for a narrow column.
export const emptyText = ({ placeholder, when_absent }: OptionField) =>
  placeholder || (when_absent.length > LONGEST_HINT ? 'auto' : when_absent);
