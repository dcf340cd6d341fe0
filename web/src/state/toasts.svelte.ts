// Messages at the edge of the page: the one way to tell about errors (studio.md 4.8).
import type { Problem } from '../api/types';

export interface ToastAction {
  label: string;
  run: () => void;
}

export interface Toast {
  id: number;
  problem: Problem;
  actions: ToastAction[];
}

const LIFETIME_MS = 8000;
const MOST = 4;

export class Toasts {
  list = $state<Toast[]>([]);
  private next = 1;

  show(problem: Problem, actions: ToastAction[] = []) {
    const same = this.list.find(
      (t) => t.problem.code === problem.code && t.problem.message === problem.message,
    );
    if (same) this.close(same.id);
    const toast = { id: this.next++, problem, actions: actions.slice(0, 3) };
    this.list = [...this.list, toast].slice(-MOST);
    if (problem.level !== 'error') setTimeout(() => this.close(toast.id), LIFETIME_MS);
  }

  info(title: string, message: string, actions: ToastAction[] = []) {
    this.show({ level: 'info', code: 'note', field: null, title, message }, actions);
  }

  // What a form had wrong is settled once it is accepted.
  closeFieldErrors() {
    this.list = this.list.filter((t) => t.problem.field === null);
  }

  closeCode(code: string) {
    this.list = this.list.filter((t) => t.problem.code !== code);
  }

  close(id: number) {
    this.list = this.list.filter((t) => t.id !== id);
  }
}
