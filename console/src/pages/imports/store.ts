// The import that is under way. It outlives the page that shows it: whoever looks at something else meanwhile finds it
// again, with its undo.

import { useSyncExternalStore } from 'react';
import type { Chosen } from './Choose';
import { compared, readRows, type Kind, type Row } from './plan';
import { attemptOf, back, forth, goOn, isOver, lookUp, type Attempt, type Send } from './run';

export interface Plan {
  name: string;
  kind: Kind;
  head: string[];
  rows: Row[];
}

export interface ImportState {
  step: 'choose' | 'reading' | 'planned' | 'running' | 'done';
  /** Which way it goes while it is running. */
  way: 'forth' | 'back';
  plan: Plan | undefined;
  progress: { done: number; all: number };
  problem: unknown;
}

const START: ImportState = { step: 'choose', way: 'forth', plan: undefined, progress: { done: 0, all: 0 }, problem: undefined };

/** What the store needs of the world, so that tests can be the world. */
export interface Wires {
  lookUp: typeof lookUp;
  forth: typeof forth;
  back: typeof back;
  /** Asks before somebody closes or reloads the page. */
  guard: (on: boolean) => void;
}

const ask = (event: BeforeUnloadEvent) => event.preventDefault();
const wires: Wires = {
  lookUp,
  forth,
  back,
  guard: (on) => (on ? window.addEventListener('beforeunload', ask) : window.removeEventListener('beforeunload', ask)),
};

export class ImportStore {
  private state = START;
  private readonly listeners = new Set<() => void>();
  private running: Attempt | undefined;
  private undoing: Attempt | undefined;

  constructor(private readonly wires: Wires) {}

  readonly subscribe = (listener: () => void): (() => void) => {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  };

  readonly get = (): ImportState => this.state;

  /** Whether somebody looks at it. */
  watched(): boolean {
    return this.listeners.size > 0;
  }

  clear(): void {
    this.running = this.undoing = undefined;
    this.set(START);
  }

  async compare({ name, kind, table, columns, location }: Chosen): Promise<void> {
    const rows = readRows(table, kind, columns, location);
    const skus = [...new Set(rows.filter((row) => row.state !== 'wrong').map((row) => row.sku))];
    const progress = (done: number) => this.set({ progress: { done, all: skus.length } });
    this.running = this.undoing = undefined;
    this.set({ ...START, step: 'reading' });
    progress(0);
    try {
      const known = await this.wires.lookUp(skus, progress);
      const plan = { name, kind, head: table.head, rows: rows.map((row) => compared(row, kind, known.get(row.sku))) };
      this.set({ step: 'planned', plan });
    } catch (problem) {
      this.set({ step: 'choose', problem });
    }
  }

  /** Changes what the comparison said, or goes on with it after a lost answer. */
  async run(noteOf: (row: Row) => string, ended: () => void): Promise<void> {
    const { plan } = this.state;
    if (!plan) return;
    if (!this.running || isOver(this.running)) this.running = attemptOf(plan.rows.filter((row) => row.state === 'change'));
    await this.attempt(this.running, 'forth', this.wires.forth(plan.kind, noteOf), ended);
  }

  /** Takes back what is in, or goes on with that after a lost answer. */
  async undo(note: string, ended: () => void): Promise<void> {
    const { plan } = this.state;
    if (!plan) return;
    if (!this.undoing || isOver(this.undoing)) this.undoing = attemptOf(plan.rows.filter((row) => row.state === 'done'));
    await this.attempt(this.undoing, 'back', this.wires.back(note), ended);
  }

  private async attempt(attempt: Attempt, way: ImportState['way'], send: Send, ended: () => void): Promise<void> {
    if (this.state.step === 'running') return;
    const progress = () => ({ progress: { done: attempt.answered, all: attempt.rows.length } });
    this.set({ step: 'running', way, problem: undefined, ...progress() });
    this.wires.guard(true);
    try {
      await goOn(attempt, send, (rows) => {
        this.merge(rows);
        this.set(progress());
        ended();
      });
    } catch (problem) {
      this.set({ problem });
    } finally {
      this.wires.guard(false);
      this.set({ step: this.running && isOver(this.running) ? 'done' : 'planned' });
    }
  }

  private merge(ended: Row[]): void {
    const { plan } = this.state;
    if (!plan) return;
    const byLine = new Map(ended.map((row) => [row.line, row]));
    this.set({ plan: { ...plan, rows: plan.rows.map((row) => byLine.get(row.line) ?? row) } });
  }

  private set(change: Partial<ImportState>): void {
    this.state = { ...this.state, ...change };
    for (const listener of this.listeners) listener();
  }
}

export const theImport = new ImportStore(wires);

export function useImport(): ImportState {
  return useSyncExternalStore(theImport.subscribe, theImport.get);
}
