import { Button, FileButton, Select } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import { locations } from '~/api/queries';
import { useI18n } from '~/i18n';
import { isSpreadsheet, readTable, type Table } from './file';
import { FIELDS, guessColumns, isOptional, type Columns, type Field, type Kind } from './plan';
import classes from './Imports.module.css';

export interface Chosen {
  name: string;
  kind: Kind;
  table: Table;
  columns: Columns;
  /** Where rows without a location belong. */
  location: string;
}

/** A larger file would not fit into the page's memory several times over. */
const MEGABYTES = 20;
const KINDS: Kind[] = ['set', 'adjust', 'count', 'skus'];
const SEPARATOR = { ',': 'comma', ';': 'semicolon', '\t': 'tab' } as const;

/** What is in the file, the file, and which column is what. */
export function Choose({ busy, onCompare }: { busy: boolean; onCompare: (chosen: Chosen) => void }) {
  const { t } = useI18n();
  const places = useQuery(locations());
  const [kind, setKind] = useState<Kind>('set');
  const [file, setFile] = useState<{ name: string; table: Table; columns: Columns }>();
  const [wrong, setWrong] = useState<string>();
  const location = places.data?.data.find((place) => place.location === 'main')?.location ?? places.data?.data[0]?.location;

  const read = async (chosen: File | null | undefined) => {
    if (!chosen) return;
    setWrong(undefined);
    setFile(undefined);
    if (chosen.size > MEGABYTES * 1_000_000) return setWrong(t('imports.file.too_large', { megabytes: MEGABYTES }));
    const bytes = new Uint8Array(await chosen.arrayBuffer());
    if (isSpreadsheet(bytes)) return setWrong(t('imports.file.spreadsheet', { command: 'onhand import' }));
    const table = readTable(bytes);
    if (table.rows.length === 0) return setWrong(t('imports.file.empty'));
    setFile({ name: chosen.name, table, columns: guessColumns(table.head) });
  };

  const fields = FIELDS[kind];
  const complete = file && fields.every((field) => isOptional(field) || file.columns[field] >= 0);
  return (
    <div className={classes.choose}>
      <KindChoice kind={kind} onChange={setKind} />
      <FileChoice onFile={(chosen) => void read(chosen)} />
      {!file && <Needs fields={fields} />}
      {wrong && <div className="tone-bad">{wrong}</div>}
      {file && (
        <>
          <div>
            {t('imports.file.read', {
              name: file.name,
              rows: t('imports.verdict.rows', { n: file.table.rows.length }),
              encoding: file.table.encoding,
              separator: t(`imports.separator.${SEPARATOR[file.table.separator]}`),
            })}
          </div>
          <ColumnChoice
            head={file.table.head}
            fields={fields}
            columns={file.columns}
            onChange={(columns) => setFile({ ...file, columns })}
          />
          <div>
            <Button
              disabled={!complete}
              loading={busy}
              onClick={() => onCompare({ ...file, kind, location: location ?? 'main' })}
            >
              {t('imports.compare')}
            </Button>
          </div>
        </>
      )}
    </div>
  );
}

function KindChoice({ kind, onChange }: { kind: Kind; onChange: (kind: Kind) => void }) {
  const { t } = useI18n();
  return (
    <div className={classes.kinds} role="radiogroup" aria-label={t('imports.what')}>
      {KINDS.map((each) => (
        <button key={each} type="button" role="radio" aria-checked={each === kind} className={classes.kind} onClick={() => onChange(each)}>
          <strong>{t(`imports.kind.${each}`)}</strong>
          <span className="soft">{t(`imports.kind.${each}.text`)}</span>
        </button>
      ))}
    </div>
  );
}

function FileChoice({ onFile }: { onFile: (file: File | null | undefined) => void }) {
  const { t } = useI18n();
  const [over, setOver] = useState(false);
  return (
    <div
      className={classes.drop}
      data-over={over ? '' : undefined}
      onDragOver={(event) => {
        event.preventDefault();
        setOver(true);
      }}
      onDragLeave={() => setOver(false)}
      onDrop={(event) => {
        event.preventDefault();
        setOver(false);
        onFile(event.dataTransfer.files[0]);
      }}
    >
      <FileButton accept=".csv,.tsv,.txt,text/csv" onChange={onFile} inputProps={{ 'aria-label': t('imports.file') }}>
        {(props) => (
          <Button variant="default" {...props}>
            {t('imports.file.choose')}
          </Button>
        )}
      </FileButton>
      <span className="soft">{t('imports.file.drop')}</span>
    </div>
  );
}

/** What the file must be. */
function Needs({ fields }: { fields: Field[] }) {
  const { t } = useI18n();
  const named = fields.map((field) => {
    const column = t(`imports.column.${field}`);
    return isOptional(field) ? t('imports.column.optional', { column }) : column;
  });
  return <div className="soft">{t('imports.file.needs', { columns: named.join(', ') })}</div>;
}

interface ColumnChoiceProps {
  head: string[];
  fields: Field[];
  columns: Columns;
  onChange: (columns: Columns) => void;
}

function ColumnChoice({ head, fields, columns, onChange }: ColumnChoiceProps) {
  const { t } = useI18n();
  return (
    <div className={classes.columns} role="group" aria-label={t('imports.columns')}>
      {fields.map((field) => (
        <Select
          key={field}
          size="xs"
          label={t(`imports.column.${field}`)}
          clearable={isOptional(field)}
          allowDeselect={false}
          placeholder={t(isOptional(field) ? 'imports.column.default' : 'imports.column.none')}
          data={head.map((name, place) => ({ value: String(place), label: name || `#${place + 1}` }))}
          value={columns[field] >= 0 ? String(columns[field]) : null}
          onChange={(place) => onChange({ ...columns, [field]: place === null ? -1 : Number(place) })}
        />
      ))}
    </div>
  );
}
