import { Group, Stack } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import type { ReactNode } from 'react';
import type { Schemas } from '~/api/client';
import { listing as listingQuery, listingPreview, shop as shopQuery } from '~/api/queries';
import { useI18n } from '~/i18n';
import { CopyCurl } from '~/parts/CopyCurl';
import { Dialog } from '~/parts/Dialog';
import { Ago } from '~/parts/Moment';
import { ProblemNote } from '~/parts/ProblemNote';
import { pushState } from '~/parts/pushState';
import { RuleSteps } from '~/parts/RuleSteps';
import { ServerWords } from '~/parts/ServerWords';
import { useShopNames } from '~/parts/shopNames';
import { StateBadge } from '~/parts/StateBadge';
import { troubleOf } from '~/parts/trouble';
import { ListingRule } from './ListingRule';
import classes from './ListingDialog.module.css';

type Listing = Schemas['Listing'];

/** One listing: what it is told and why, what it shows, and the rule that decides it. */
export function ListingDialog({ listing: known, actions, onClose }: { listing: Listing; actions?: ReactNode; onClose: () => void }) {
  const { t } = useI18n();
  const names = useShopNames();
  const code = names.codeOf(known.shop_id);
  const { data: listing = known } = useQuery(listingQuery(known.id));
  const shop = useQuery({ ...shopQuery(code ?? ''), enabled: code !== undefined });
  return (
    <Dialog title={t('listing.title', { shop: names.ofId(listing.shop_id) })} onClose={onClose} size={560}>
      <Stack gap="sm">
        <div>
          <strong>{listing.title || listing.item}</strong> <span className="code soft">{listing.seller_sku}</span>
        </div>
        <Facts listing={listing} shopState={shop.data?.state} />
        <Group gap="xs" justify="space-between">
          <Group gap="md">
            {code && (
              <Link to="/shops/$shop" params={{ shop: code }}>
                {t('attention.do.shop')}
              </Link>
            )}
            {code && (
              <Link to="/pushes" search={{ shop: code }}>
                {t('sync.pushes')}
              </Link>
            )}
          </Group>
          <Group gap="xs">
            {actions}
            <CopyCurl path={`/v1/listings/${listing.id}/preview`} />
          </Group>
        </Group>
        {shop.isError && <ProblemNote error={shop.error} onRetry={() => void shop.refetch()} />}
        {shop.data && <ListingRule key={JSON.stringify(listing.rule)} listing={listing} shop={shop.data} onDone={onClose} />}
      </Stack>
    </Dialog>
  );
}

function Facts({ listing, shopState }: { listing: Listing; shopState: string | undefined }) {
  const { t, f } = useI18n();
  const preview = useQuery({ ...listingPreview(listing.id), enabled: Boolean(listing.sku_id) });
  const figure = (value: number | null | undefined) => (typeof value === 'number' ? f.number(value) : '–');
  const facts: [string, ReactNode][] = [
    [t('word.state'), <StateBadge topic="push" state={pushState(listing, shopState)} />],
    [
      t('sku.channels.should'),
      preview.isError ? <ProblemNote error={preview.error} onRetry={() => void preview.refetch()} /> : preview.data ? <RuleSteps steps={preview.data.steps} /> : figure(listing.should),
    ],
    [
      t('sku.channels.confirmed'),
      <>
        {figure(listing.pushed)} <span className="soft">· <Ago at={listing.pushed_at} /></span>
      </>,
    ],
    [
      t('sku.channels.seen'),
      <>
        {figure(listing.seen)} <span className="soft">· <Ago at={listing.seen_at} /></span>
      </>,
    ],
  ];
  const trouble = listing.trouble && troubleOf(t, listing.trouble);
  if (trouble) {
    facts.push([
      t('mapping.trouble'),
      <>
        <span className="tone-bad">{trouble.words}</span>
        <ServerWords>{trouble.said}</ServerWords>
      </>,
    ]);
  }
  return (
    <dl className={classes.facts}>
      {facts.map(([name, value]) => (
        <div key={name} style={{ display: 'contents' }}>
          <dt>{name}</dt>
          <dd>{value}</dd>
        </div>
      ))}
    </dl>
  );
}
