import { useInfiniteQuery } from '@tanstack/react-query';
import { useMemo } from 'react';
import type { Schemas } from '~/api/client';
import { pushes } from '~/api/queries';
import { DataTable, type Column } from './DataTable';
import { Panel } from './Page';
import { ProblemNote } from './ProblemNote';

interface Props {
  of: Parameters<typeof pushes>[0];
  title: string;
  empty: string;
  columns: Column<Schemas['Push']>[];
}

/** What shops were told, newest first, a page at a time. */
export function PushTable({ of, title, empty, columns }: Props) {
  const query = useInfiniteQuery(pushes(of));
  const rows = useMemo(() => query.data?.pages.flatMap((page) => page.data) ?? [], [query.data]);
  if (query.isError) return <ProblemNote error={query.error} onRetry={() => void query.refetch()} />;
  return (
    <Panel title={title} flush>
      <DataTable
        inline
        label={title}
        columns={columns}
        rows={rows}
        rowKey={(row) => String(row.number)}
        loading={query.isPending}
        more={query.hasNextPage}
        onMore={() => !query.isFetchingNextPage && void query.fetchNextPage()}
        empty={empty}
      />
    </Panel>
  );
}
