import { ActionIcon, Menu } from '@mantine/core';
import IconUserCircle from '@tabler/icons-react/dist/esm/icons/IconUserCircle.mjs';
import { useQuery } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import { lazy, Suspense, useState } from 'react';
import { session, useSignOut } from '~/api/session';
import { useI18n } from '~/i18n';
import { browserZone } from '~/i18n/zone';

// Its list of zones needs a part that the first page does without.
const ZoneDialog = lazy(async () => ({ default: (await import('./ZoneDialog')).ZoneDialog }));

/** Who is signed in, and the way to their own page and out. */
export function UserMenu() {
  const { t, zone } = useI18n();
  const [choosing, setChoosing] = useState(false);
  const who = useQuery(session());
  const user = who.data?.user;
  const out = useSignOut();
  return (
    <>
      <Menu>
        <Menu.Target>
          <ActionIcon variant="subtle" color="gray" size={34} aria-label={t('user')}>
            <IconUserCircle size={20} stroke={1.6} />
          </ActionIcon>
        </Menu.Target>
        <Menu.Dropdown>
          <Menu.Label>{user ? `${user.name} · ${user.email}` : t('user.key')}</Menu.Label>
          <Menu.Item component={Link} to="/account">
            {t('user.account')}
          </Menu.Item>
          <Menu.Item onClick={() => setChoosing(true)}>
            {t('user.zone', { zone: (zone ?? browserZone()).replaceAll('_', ' ') })}
          </Menu.Item>
          <Menu.Item onClick={() => out.mutate('current')}>{t('user.sign_out')}</Menu.Item>
          <Menu.Item component="a" href="/docs">
            {t('user.docs')}
          </Menu.Item>
        </Menu.Dropdown>
      </Menu>
      <Suspense>{choosing && <ZoneDialog onClose={() => setChoosing(false)} />}</Suspense>
    </>
  );
}
