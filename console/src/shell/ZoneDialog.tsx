import { Button, Group, Select, Stack } from '@mantine/core';
import { useMemo, useState } from 'react';
import { useI18n } from '~/i18n';
import { allZones, browserZone, offsetOf } from '~/i18n/zone';
import { Dialog } from '~/parts/Dialog';
import { useMinute } from '~/parts/Moment';

/** Stands for the browser's own: no zone is called so. */
const OWN = 'browser';

/** In which time zone every time of the console is shown. */
export function ZoneDialog({ onClose }: { onClose: () => void }) {
  const { t, zone, setZone } = useI18n();
  const [chosen, setChosen] = useState(zone ?? OWN);
  const now = useMinute();
  const zones = useMemo(
    () => [
      { value: OWN, label: t('zone.browser', { zone: browserZone() }) },
      ...allZones().map((value) => ({ value, label: value.replaceAll('_', ' ') })),
    ],
    [t],
  );
  return (
    <Dialog title={t('zone')} onClose={onClose}>
      <form
        onSubmit={(event) => {
          event.preventDefault();
          setZone(chosen === OWN ? undefined : chosen);
          onClose();
        }}
      >
        <Stack gap="sm">
          <div>{t('zone.text')}</div>
          <Select
            data-autofocus
            searchable
            openOnFocus={false}
            allowDeselect={false}
            limit={80}
            label={t('zone')}
            description={offsetOf(chosen === OWN ? browserZone() : chosen, now)}
            data={zones}
            value={chosen}
            onChange={(next) => next && setChosen(next)}
          />
          <Group justify="flex-end">
            <Button variant="default" onClick={onClose}>
              {t('cancel')}
            </Button>
            <Button type="submit">{t('save')}</Button>
          </Group>
        </Stack>
      </form>
    </Dialog>
  );
}
