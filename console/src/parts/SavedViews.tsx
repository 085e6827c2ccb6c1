import { Button, Group, Menu, Stack, TextInput } from '@mantine/core';
import IconBookmark from '@tabler/icons-react/dist/esm/icons/IconBookmark.mjs';
import IconTrash from '@tabler/icons-react/dist/esm/icons/IconTrash.mjs';
import { useNavigate, useRouterState } from '@tanstack/react-router';
import { useState } from 'react';
import { useI18n } from '~/i18n';
import { Dialog } from './Dialog';
import classes from './Filters.module.css';
import { plainSearch, sameSearch, useSavedViews } from './savedViews';

/** Filters by name: those of this page, and a name for those that are set. */
export function SavedViews() {
  const { t } = useI18n();
  const navigate = useNavigate();
  const path = useRouterState({ select: (state) => state.location.pathname });
  const current = plainSearch(useRouterState({ select: (state) => state.location.search }));
  const { views, keep, forget } = useSavedViews(path);
  const [naming, setNaming] = useState(false);
  const chosen = views.find((view) => sameSearch(view.search, current));
  const some = Object.keys(current).length > 0;
  return (
    <>
      <Menu position="bottom-end" width={250}>
        <Menu.Target>
          <Button size="xs" variant="default" className={classes.views} leftSection={<IconBookmark size={15} stroke={1.6} />} aria-label={t('views.title')}>
            <span className={classes.viewsName}>{chosen?.name ?? t('views.title')}</span>
          </Button>
        </Menu.Target>
        <Menu.Dropdown>
          {views.map((view) => (
            <Menu.Item
              key={view.name}
              fw={view === chosen ? 600 : 400}
              aria-current={view === chosen || undefined}
              onClick={() => void navigate({ to: path as '/', search: view.search as never })}
            >
              {view.name}
            </Menu.Item>
          ))}
          {views.length === 0 && <Menu.Label>{t('views.none')}</Menu.Label>}
          <Menu.Divider />
          <Menu.Item disabled={!some || chosen !== undefined} onClick={() => setNaming(true)}>
            {t('views.keep')}
          </Menu.Item>
          {chosen && (
            <Menu.Item color="red" leftSection={<IconTrash size={15} stroke={1.6} />} onClick={() => forget(chosen)}>
              {t('views.forget', { name: chosen.name })}
            </Menu.Item>
          )}
          <Menu.Label>{t(some ? 'views.where' : 'views.hint')}</Menu.Label>
        </Menu.Dropdown>
      </Menu>
      {naming && (
        <NameDialog
          onClose={() => setNaming(false)}
          onName={(name) => {
            keep({ name, path, search: current });
            setNaming(false);
          }}
        />
      )}
    </>
  );
}

function NameDialog({ onClose, onName }: { onClose: () => void; onName: (name: string) => void }) {
  const { t } = useI18n();
  const [name, setName] = useState('');
  return (
    <Dialog title={t('views.keep')} onClose={onClose}>
      <form
        onSubmit={(event) => {
          event.preventDefault();
          onName(name.trim());
        }}
      >
        <Stack gap="sm">
          <TextInput
            data-autofocus
            required
            maxLength={60}
            label={t('word.name')}
            description={t('views.where')}
            value={name}
            onChange={(event) => setName(event.currentTarget.value)}
          />
          <Group justify="flex-end">
            <Button variant="default" onClick={onClose}>
              {t('cancel')}
            </Button>
            <Button type="submit" disabled={!name.trim()}>
              {t('save')}
            </Button>
          </Group>
        </Stack>
      </form>
    </Dialog>
  );
}
