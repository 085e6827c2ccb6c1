import '@fontsource-variable/inter/wght.css';
import '@mantine/core/styles.css';
import '@mantine/notifications/styles.css';
import './styles/theme.css';

import { Notifications } from '@mantine/notifications';
import { MutationCache, QueryCache, QueryClientProvider } from '@tanstack/react-query';
import { RouterProvider } from '@tanstack/react-router';
import { StrictMode, Suspense } from 'react';
import { createRoot } from 'react-dom/client';
import { ProblemError } from './api/problem';
import { I18nProvider } from './i18n';
import { Themed } from './styles/Themed';
import { LiveProvider } from './live/LiveProvider';
import { PollingClient } from './live/polling';
import { router } from './router';

/** Signed out elsewhere, or kept out: ask who we are, and the shell shows the sign-in. */
function onError(error: Error, queryKey?: readonly unknown[]) {
  if (error instanceof ProblemError && error.problem.status === 401 && queryKey?.[0] !== 'session') {
    void client.invalidateQueries({ queryKey: ['session'] });
  }
}

const client = new PollingClient({
  defaultOptions: {
    // A browser that takes itself to be offline would wait in silence, and send a change later, when nobody thinks of it any
    // more; besides, the server may well be on this very computer. It is asked, and what fails is said.
    mutations: { networkMode: 'always' },
    queries: {
      networkMode: 'always',
      refetchOnReconnect: true,
      staleTime: 5_000,
      // What the server refuses it will refuse again; only what may pass is asked again.
      retry: (count, error) => error instanceof ProblemError && error.problem.retryable && count < 3,
      // The feed says what has changed; reading long lists again on every look at the window would not.
      refetchOnWindowFocus: false,
    },
  },
  mutationCache: new MutationCache({ onError: (error) => onError(error) }),
  queryCache: new QueryCache({ onError: (error, query) => onError(error, query.queryKey) }),
});

const root = document.getElementById('root');
if (root) {
  createRoot(root).render(
    <StrictMode>
      <QueryClientProvider client={client}>
        <Suspense>
          <I18nProvider>
            <Themed>
              <Notifications position="bottom-right" />
              <LiveProvider>
                <RouterProvider router={router} />
              </LiveProvider>
            </Themed>
          </I18nProvider>
        </Suspense>
      </QueryClientProvider>
    </StrictMode>,
  );
}
