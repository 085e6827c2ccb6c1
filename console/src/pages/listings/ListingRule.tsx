import { Button, Group } from '@mantine/core';
import { notifications } from '@mantine/notifications';
import { useState } from 'react';
import { useAct } from '~/api/act';
import { api, take, type Schemas } from '~/api/client';
import { matchOf } from '~/api/match';
import { useMay } from '~/api/session';
import { useI18n } from '~/i18n';
import { ProblemNote } from '~/parts/ProblemNote';
import { RuleFields } from '~/parts/RuleFields';
import { RuleSteps } from '~/parts/RuleSteps';
import { useShopNames } from '~/parts/shopNames';
import { tryOnListing } from './tryRule';
import classes from './ListingDialog.module.css';

interface Props {
  listing: Schemas['Listing'];
  shop: Schemas['Shop'];
  onDone: () => void;
}

/** Which rule decides what a listing is told, and a rule of its own for it. */
export function ListingRule({ listing, shop, onDone }: Props) {
  const { t } = useI18n();
  const names = useShopNames();
  const may = useMay('stock:write');
  const own = listing.rule ?? undefined;
  const [editing, setEditing] = useState(false);
  const [rule, setRule] = useState<Schemas['Rule']>(own ?? shop.settings.rule);
  const attempt = useAct(tryOnListing);
  const act = useAct(
    async (next: Schemas['Rule'] | null, key: string) => {
      const path = { id: listing.id };
      const match = await matchOf(key, listing, (each) => each.rule ?? null, () => take(api.GET('/v1/listings/{id}', { params: { path } })));
      return take(api.POST('/v1/listings/{id}/rule', { params: { path, header: { 'Idempotency-Key': key, 'If-Match': match } }, body: { rule: next } }));
    },
    {
      refresh: [['listings'], ['shops'], ['pushes']],
      onDone: (_done, next) => {
        notifications.show({ message: t(next ? 'listing.rule.saved' : 'listing.rule.removed'), color: 'teal' });
        onDone();
      },
    },
  );
  return (
    <form
      className={classes.rule}
      onSubmit={(event) => {
        event.preventDefault();
        act.mutate(rule);
      }}
    >
      <h3>{t('listing.rule')}</h3>
      <div>{own ? t('listing.rule.own') : t('listing.rule.shop', { shop: names.ofCode(shop.shop) })}</div>
      {(editing || own) && (
        <RuleFields
          size="xs"
          rule={rule}
          readOnly={!may}
          onChange={(next) => {
            setRule(next);
            attempt.reset();
          }}
        />
      )}
      {attempt.isError && <ProblemNote error={attempt.error} />}
      {attempt.isSuccess && <Tried found={attempt.data} />}
      {(editing || own) && may && <div className="soft">{t(own ? 'listing.rule.try.own' : 'listing.rule.effect')}</div>}
      {act.isError && <ProblemNote error={act.error} />}
      {may && (
        <Group justify="flex-end" gap="xs">
          {own && (
            <Button variant="default" loading={act.isPending && act.variables === null} onClick={() => act.mutate(null)}>
              {t('listing.rule.remove')}
            </Button>
          )}
          {editing && !own && (
            <Button variant="default" loading={attempt.isPending} onClick={() => attempt.mutate({ shop: shop.shop, rule, listing: listing.id })}>
              {t('whatif.do')}
            </Button>
          )}
          {/* Their keys keep the press that begins from being the press that saves: a button that became another one would submit. */}
          {editing || own ? (
            <Button key="save" type="submit" loading={act.isPending && act.variables !== null}>
              {t('save')}
            </Button>
          ) : (
            <Button key="begin" variant="default" onClick={() => setEditing(true)}>
              {t('listing.rule.give')}
            </Button>
          )}
        </Group>
      )}
    </form>
  );
}

/** What the rule that is being tried would tell. */
function Tried({ found }: { found: Schemas['RulePreview'] | undefined }) {
  const { t, f } = useI18n();
  if (!found || typeof found.then !== 'number') return <div role="status" className="soft">{t('listing.rule.try.unknown')}</div>;
  const now = typeof found.now === 'number' ? f.number(found.now) : '–';
  return (
    <div role="status" className={classes.tried}>
      <strong>{t('listing.rule.try.figure', { now, then: f.number(found.then) })}</strong>
      <RuleSteps steps={found.steps} />
    </div>
  );
}
