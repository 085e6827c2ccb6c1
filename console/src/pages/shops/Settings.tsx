import { Button, Group, NumberInput, Select, Stack, Switch } from '@mantine/core';
import { notifications } from '@mantine/notifications';
import { useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import { useAct } from '~/api/act';
import { api, take, type Schemas } from '~/api/client';
import { matchOf } from '~/api/match';
import { locations } from '~/api/queries';
import { useMay } from '~/api/session';
import { useI18n } from '~/i18n';
import { ProblemNote } from '~/parts/ProblemNote';
import { RuleFields } from '~/parts/RuleFields';

type Values = Schemas['Settings'];

/** What a change of a shop makes old. */
export const REFRESH = [['shops'], ['jobs'], ['queues'], ['listings']];

const MINUTE = 60;

/** What people set on a shop: what is published, and how its orders and edits are taken. */
export function Settings({ row }: { row: Schemas['Shop'] }) {
  const { t } = useI18n();
  const may = useMay('admin');
  const places = useQuery(locations());
  const [values, setValues] = useState<Values>(row.settings);
  const change = (next: Partial<Values>) => setValues({ ...values, ...next });
  const act = useAct(
    async (settings: Values, key: string) => {
      const path = { shop: row.shop };
      const match = await matchOf(key, row, (each) => each.settings, () => take(api.GET('/v1/shops/{shop}', { params: { path } })));
      return take(api.PATCH('/v1/shops/{shop}', { params: { path, header: { 'Idempotency-Key': key, 'If-Match': match } }, body: { settings } }));
    },
    { refresh: REFRESH, onDone: () => notifications.show({ message: t('shop.settings.saved'), color: 'teal' }) },
  );
  return (
    <form
      onSubmit={(event) => {
        event.preventDefault();
        act.mutate(values);
      }}
    >
      <Stack gap="sm" maw={460}>
        <Switch label={t('shop.settings.push')} checked={values.push} disabled={!may} onChange={(e) => change({ push: e.currentTarget.checked })} />
        <Select
          label={t('shop.settings.location')}
          data={(places.data?.data ?? []).map(({ location, name }) => ({ value: location, label: name ? `${location} · ${name}` : location }))}
          allowDeselect={false}
          readOnly={!may}
          value={values.location}
          onChange={(location) => location && change({ location })}
        />
        <RuleFields rule={values.rule} readOnly={!may} onChange={(rule) => change({ rule })} />
        <Minutes label={t('shop.settings.hold')} seconds={values.hold_seconds} readOnly={!may} onChange={(hold_seconds) => change({ hold_seconds })} />
        <Minutes label={t('shop.settings.stale')} seconds={values.stale_after_seconds} readOnly={!may} onChange={(stale_after_seconds) => change({ stale_after_seconds })} />
        <Select
          label={t('shop.settings.edits')}
          data={[
            { value: 'adopt', label: `${t('drift.adopt')}: ${t('drift.adopt.text')}` },
            { value: 'cap', label: `${t('drift.cap')}: ${t('drift.cap.text')}` },
            { value: 'reject', label: `${t('drift.reject')}: ${t('drift.reject.text')}` },
          ]}
          allowDeselect={false}
          readOnly={!may}
          value={values.edits}
          onChange={(edits) => edits && change({ edits: edits as Values['edits'] })}
        />
        <Switch
          label={t('shop.settings.poll_first')}
          checked={values.poll_first !== 'off'}
          disabled={!may}
          onChange={(e) => change({ poll_first: e.currentTarget.checked ? 'auto' : 'off' })}
        />
        {act.isError && <ProblemNote error={act.error} />}
        {may && (
          <Group>
            <Button type="submit" loading={act.isPending}>
              {t('save')}
            </Button>
          </Group>
        )}
      </Stack>
    </form>
  );
}

interface MinutesProps {
  label: string;
  seconds: number;
  readOnly: boolean;
  onChange: (seconds: number) => void;
}

/** A span of seconds, as people think of it. */
function Minutes({ label, seconds, readOnly, onChange }: MinutesProps) {
  return (
    <NumberInput
      label={label}
      min={1}
      allowDecimal={false}
      readOnly={readOnly}
      value={Math.max(1, Math.round(seconds / MINUTE))}
      onChange={(value) => typeof value === 'number' && value >= 1 && onChange(value * MINUTE)}
    />
  );
}
