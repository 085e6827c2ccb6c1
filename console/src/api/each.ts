// The same change of several things, one after the other: each is told by itself how it went.

import { useQueryClient, type QueryKey } from '@tanstack/react-query';
import { useRef, useState } from 'react';
import { Intents } from './keys';
import { toProblem, type Problem } from './problem';
import { withProof } from './proof';

interface Deed<Item> {
  idOf: (item: Item) => number;
  /** What is asked for, without what changes by itself: the same is sent again under the same key. */
  inputOf: (item: Item) => unknown;
  run: (item: Item, key: string) => Promise<unknown>;
  /** Queries to read again afterwards, by the beginning of their key. */
  refresh: QueryKey[];
}

interface State {
  busy: boolean;
  done: ReadonlySet<number>;
  /** What the others were refused with. */
  failed: Readonly<Record<number, Problem>>;
}

/** What is done is not done again; what nobody knows the outcome of is asked for again under the same key. */
export function useEach<Item>({ idOf, inputOf, run, refresh }: Deed<Item>) {
  const client = useQueryClient();
  const intents = useRef(new Map<number, Intents>());
  const [state, setState] = useState<State>({ busy: false, done: new Set(), failed: {} });
  const doAll = async (items: readonly Item[]) => {
    const done = new Set(state.done);
    const failed: Record<number, Problem> = {};
    const tell = (busy: boolean) => setState({ busy, done: new Set(done), failed: { ...failed } });
    tell(true);
    for (const item of items) {
      const id = idOf(item);
      if (done.has(id)) continue;
      const intent = intents.current.get(id) ?? new Intents();
      intents.current.set(id, intent);
      try {
        const key = intent.keyFor(inputOf(item));
        await withProof(() => run(item, key));
        done.add(id);
      } catch (error) {
        const problem = toProblem(error);
        if (problem.status !== 0 && problem.status !== 503) intent.settled();
        failed[id] = problem;
      }
      tell(true);
    }
    tell(false);
    for (const queryKey of refresh) void client.invalidateQueries({ queryKey });
    return { done: items.filter((item) => done.has(idOf(item))), failed: Object.keys(failed).length };
  };
  return { ...state, doAll };
}
