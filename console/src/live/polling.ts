// Reading again by the clock, which stops while somebody has paused the page: for all queries in one place.

import { QueryClient, type Query } from '@tanstack/react-query';

type Interval = number | false | undefined;
type Defaulting = QueryClient['defaultQueryOptions'];

/** A client whose queries are not read again by themselves while it is paused. What people ask for is read as always. */
export class PollingClient extends QueryClient {
  private paused = false;

  override defaultQueryOptions = ((given: Parameters<Defaulting>[0]) => {
    const options = super.defaultQueryOptions(given);
    const every = options.refetchInterval as Interval | ((query: Query) => Interval);
    if (given._defaulted || !every) return options;
    const unlessPaused = (query: Query): Interval => (this.paused ? false : typeof every === 'function' ? every(query) : every);
    return { ...options, refetchInterval: unlessPaused };
  }) as unknown as Defaulting;

  /** Stops every clock, or starts them again. */
  pause(paused: boolean): void {
    if (paused === this.paused) return;
    this.paused = paused;
    // Whoever watches a query looks at its clock when its options are set.
    for (const query of this.getQueryCache().getAll()) {
      for (const observer of query.observers) observer.setOptions(observer.options);
    }
  }
}
