// Some changes ask whoever is signed in to show again who they are. One dialog asks, whatever was being changed.

import { ProblemError } from './problem';

type Listener = () => void;

let waiting: ((shown: boolean) => void)[] = [];
const listeners = new Set<Listener>();

function tell() {
  for (const listener of listeners) listener();
}

/** Has the dialog ask; whether they have shown it. Changes that ask at the same time share one answer. */
export function askForProof(): Promise<boolean> {
  return new Promise((resolve) => {
    waiting = [...waiting, resolve];
    tell();
  });
}

/** The dialog's answer to all who wait. */
export function answerProof(shown: boolean): void {
  const all = waiting;
  waiting = [];
  tell();
  for (const resolve of all) resolve(shown);
}

/** Whether somebody waits. */
export const isProofAsked = (): boolean => waiting.length > 0;

export function subscribeToProof(listener: Listener): () => void {
  listeners.add(listener);
  return () => listeners.delete(listener);
}

/** Sends a change; if it asks for a proof, has that given and sends the same again: what was refused had not begun. */
export async function withProof<Output>(send: () => Promise<Output>): Promise<Output> {
  try {
    return await send();
  } catch (error) {
    const needed = error instanceof ProblemError && error.problem.code === 'proof_needed';
    if (!needed || !(await askForProof())) throw error;
    return send();
  }
}
