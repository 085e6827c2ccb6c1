import { Drawer } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { Outlet, useRouterState } from '@tanstack/react-router';
import { useCallback, useEffect, useState } from 'react';
import { session } from '~/api/session';
import { useI18n } from '~/i18n';
import { ProblemNote } from '~/parts/ProblemNote';
import { Door } from '~/pages/door/Door';
import { KeyHelp } from './KeyHelp';
import { Nav } from './Nav';
import { Palette } from './Palette';
import { ProofDialog } from './ProofDialog';
import { TopBar } from './TopBar';
import classes from './Shell.module.css';

/** What stands around every page. */
export function Shell() {
  const { t } = useI18n();
  const who = useQuery(session());
  const [open, setOpen] = useState(false);
  const [searching, setSearching] = useState(false);
  const openPalette = useCallback(() => setSearching(true), []);
  const closePalette = useCallback(() => setSearching(false), []);
  const path = useRouterState({ select: (state) => state.location.pathname });
  useEffect(() => setOpen(false), [path]);

  if (who.isPending) return null;
  if (who.data && who.data.state !== 'signed_in') return <Door state={who.data.state} />;
  return (
    <div className={classes.shell}>
      <a href="#main" className={classes.skip}>
        {t('skip')}
      </a>
      <TopBar onMenu={() => setOpen(true)} onSearch={openPalette} />
      <nav className={classes.nav} aria-label={t('nav.label')}>
        <Nav />
      </nav>
      <Drawer.Root opened={open} onClose={() => setOpen(false)} size={260} lockScroll={false}>
        <Drawer.Overlay backgroundOpacity={0.35} />
        <Drawer.Content aria-label={t('nav.label')}>
          <div className={classes.drawer}>
            <Drawer.CloseButton aria-label={t('close')} />
            <Nav />
          </div>
        </Drawer.Content>
      </Drawer.Root>
      <main id="main" className={classes.main} tabIndex={-1}>
        {who.isError ? (
          <div className={classes.problem}>
            <ProblemNote error={who.error} onRetry={() => void who.refetch()} />
          </div>
        ) : (
          <Outlet />
        )}
      </main>
      <Palette opened={searching} onOpen={openPalette} onClose={closePalette} />
      <KeyHelp />
      <ProofDialog />
    </div>
  );
}
