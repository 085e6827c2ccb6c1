// One hook for everything that changes something.

import { useMutation, useQueryClient, type QueryKey } from '@tanstack/react-query';
import { useRef } from 'react';
import { useI18n } from '~/i18n';
import { tellProblem } from '~/parts/tellProblem';
import { Intents } from './keys';
import { ProblemError } from './problem';
import { withProof } from './proof';

interface Options<Input, Output> {
  /** Queries to read again afterwards, by the beginning of their key. */
  refresh?: QueryKey[];
  onDone?: (output: Output, input: Input) => void;
  /** What goes wrong is told beside the page: for a button in a row, which has no form to say it in. */
  tells?: boolean;
}

/**
 * A change through the API. The same input is sent under the same idempotency key until the server has said what became
 * of it, so neither a double press nor a lost answer does it twice.
 */
export function useAct<Input, Output>(
  run: (input: Input, key: string) => Promise<Output>,
  { refresh = [], onDone, tells }: Options<Input, Output> = {},
) {
  const client = useQueryClient();
  const { t } = useI18n();
  const intents = useRef(new Intents());
  return useMutation<Output, ProblemError, Input>({
    mutationFn: (input) => {
      const key = intents.current.keyFor(input);
      return withProof(() => run(input, key));
    },
    retry: (count, error) => error instanceof ProblemError && isUnknown(error) && count < 3,
    retryDelay: (count, error) => (error instanceof ProblemError && error.retryAfter ? error.retryAfter : 2 ** count * 0.5) * 1000,
    onSettled: (_output, error) => {
      if (!(error instanceof ProblemError && isUnknown(error))) intents.current.settled();
      for (const queryKey of refresh) void client.invalidateQueries({ queryKey });
    },
    onSuccess: (output, input) => onDone?.(output, input),
    onError: (error) => {
      if (tells) tellProblem(t, error);
    },
  });
}

/** Whether the change may have happened although it was not acknowledged, or may succeed unchanged in a moment. */
function isUnknown(error: ProblemError): boolean {
  return error.problem.status === 0 || error.problem.status === 503;
}
