/** Windows, times, IDs and CSV, and what is refused of them. */
import { test } from 'node:test';
import { parseDefinition } from '../../../src/core/definition.ts';
import { apple, refusedDefinitions } from '../../support/refused-definitions.ts';

test('a form of time may be chosen by a setting that has no default and must be given', () => {
  const settings = { ...apple.settings, APPLE_TIME: { summary: 'Form.', values: ['new'], required: true } };
  const window = { filter: 'event', time: { setting: 'APPLE_TIME', formats: { new: 'iso' } } } as const;
  parseDefinition({ ...apple, settings, window }, 'apple.yaml');
});

refusedDefinitions([
  ['a window without a format', { window: { filter: 'event' } }, /window\.time is missing/],
  [
    'a window that is never sent',
    { request: { path: '/log', query: { cursor: '{cursor}' } } },
    /window\.filter: event needs \{from\}/,
  ],
  ['a window that the vendor does not have', { window: { filter: 'none', time: 'iso' } }, /window\.filter: none, yet/],
  [
    'the end of a window that the vendor does not have',
    {
      window: { filter: 'none', time: 'iso' },
      request: { path: '/log', query: { to: '{until}', cursor: '{cursor}' } },
    },
    /window\.filter: none, yet a request uses \{from\} or \{until\}$/,
  ],
  [
    'windows that cannot be cut without one that is too short',
    { window: { filter: 'event', time: 'iso', shortest: '30s', longest: '59s' } },
    /window\.longest: expected twice as much as window\.shortest at least, found "59s"/,
  ],
  [
    'slices that cannot be cut without one that is too short',
    { window: { filter: 'event', time: 'iso', shortest: '30s', slice: '59s' } },
    /window\.slice: expected twice as much as window\.shortest at least, found "59s"/,
  ],
  [
    'windows without an ID that may be no shorter',
    {
      window: { filter: 'event', time: 'iso', shortest: '30s' },
      records: { path: 'data', id: { content: true }, time: { path: 'at', format: 'iso' } },
    },
    /: window\.shortest: only windows of records with an ID \(records\.id\.paths\) can be told how short they may be$/,
  ],
  [
    'no duration',
    { window: { ...apple.window, overlap: '5 minutes' } },
    /window\.overlap: expected a duration such as 5m.*, found "5 minutes"/,
  ],
  [
    'a format that nobody writes',
    { window: { filter: 'event', time: 'iso-seconds' } },
    /window\.time.*found "iso-seconds"/,
  ],
  [
    'a moment that belongs to the window',
    { window: { filter: 'event', time: { format: 'sql', inclusive: true } } },
    /window\.time\.inclusive: only a whole day can belong to the window; it goes with date, us-date or a pattern without hours$/,
  ],
  [
    'a pattern with letters that mean nothing',
    { window: { filter: 'event', time: { format: { pattern: 'dd/MM/yyyy' } } } },
    /window\.time\.format\.pattern: dd is none of YYYY/,
  ],
  [
    'a pattern without a date',
    { records: { ...apple.records, time: { path: 'at', format: { pattern: 'HH:mm' } } } },
    /records\.time\.format\.pattern: it has no year$/,
  ],
  [
    'a format of records that nobody writes',
    { records: { ...apple.records, time: { path: 'at', format: 'unix' } } },
    /records\.time\.format: expected one of epoch-s, .*found "unix"/,
  ],
  [
    'a zone that there is not',
    { window: { filter: 'event', time: { format: 'sql', zone: 'Europe/Warsav' } } },
    /window\.time\.zone: expected a name such as Europe\/Warsaw or an offset such as \+02:00, found "Europe\/Warsav" \(Did you mean Europe\/Warsaw\?\)$/,
  ],
  [
    'a zone of records that there is not',
    { records: { ...apple.records, time: { path: 'at', format: 'iso', zone: '+2' } } },
    /: records\.time\.zone: expected a name such as .*, found "\+2"/,
  ],
  [
    'a zone that an offset contradicts',
    {
      settings: { ...apple.settings, AS: { summary: 'Form.', values: ['a', 'b'], default: 'a' } },
      window: {
        filter: 'event',
        time: { setting: 'AS', formats: { a: 'sql', b: { format: 'iso-ms', zone: 'Europe/Warsaw' } } },
      },
    },
    /window\.time\.formats\.b\.zone: iso-ms is always written in UTC; a zone goes with iso-naive, sql, date, us-date or a pattern$/,
  ],
  [
    'a zone for seconds since 1970',
    { records: { ...apple.records, time: { path: 'at', format: 'epoch-s', zone: 'Europe/Warsaw' } } },
    /records\.time\.zone: a time in epoch-s leaves no zone open$/,
  ],
  [
    'a zone for a time that is always written with one',
    { records: { ...apple.records, time: { path: 'at', format: 'rfc2822', zone: 'Europe/Warsaw' } } },
    /records\.time\.zone: a time in rfc2822 leaves no zone open$/,
  ],
  [
    'a form of time that a setting chooses, and that nobody need set',
    {
      settings: { ...apple.settings, APPLE_TIME: { summary: 'Form.', values: ['new'] } },
      window: { filter: 'event', time: { setting: 'APPLE_TIME', formats: { new: 'iso' } } },
    },
    /: settings\.APPLE_TIME: expected a default, or required: true$/,
  ],
  [
    'a form of time that is chosen by no setting',
    { window: { filter: 'event', time: { setting: 'APPLE_TIME', formats: { new: 'iso' } } } },
    /: window\.time\.setting: there is no setting APPLE_TIME \(Did you mean APPLE_TOKEN\?\)$/,
  ],
  [
    'a form of time that is missing for one value',
    {
      settings: { ...apple.settings, APPLE_TIME: { summary: 'Form.', values: ['new', 'old'], default: 'new' } },
      window: { filter: 'event', time: { setting: 'APPLE_TIME', formats: { new: 'iso' } } },
    },
    /: window\.time\.formats: old, a value of APPLE_TIME, is missing$/,
  ],
  [
    'a place of records in a CSV',
    { records: { ...apple.records, format: 'csv' } },
    /records\.path: a CSV has nothing around its records; leave it out$/,
  ],
  [
    'the number of records on a page of CSV',
    { records: { format: 'csv', id: { paths: ['id'] }, count: 'count' } },
    /records\.count: a CSV has nothing around its records; leave it out$/,
  ],
  [
    'a CSV that anything may be',
    { records: { format: 'csv', id: { content: true } } },
    /records\.time is missing: without a column that there must be/,
  ],
  [
    'a CSV whose ID may be in any of several columns',
    { records: { format: 'csv', id: { paths: ['id', 'ID'], first: true } } },
    /records\.time is missing: without a column that there must be/,
  ],
  [
    'records with neither an ID nor a time',
    { records: { path: 'data', id: { content: true } } },
    /records\.time is missing: records without an ID are known by their content, /,
  ],
  [
    'windows that part what is equal',
    {
      window: { ...apple.window, longest: '12h' },
      records: { path: 'data', id: { content: true }, time: { path: 'day', format: 'date' } },
    },
    /window\.longest: records without an ID need a window no shorter than the smallest difference that records\.time tells$/,
  ],
  [
    'windows that part what is equal by a pattern',
    {
      window: { ...apple.window, longest: '12h' },
      records: { path: 'data', id: { content: true }, time: { path: 'day', format: { pattern: 'DD.MM.YYYY' } } },
    },
    /window\.longest: records without an ID need a window no shorter than the smallest difference that records\.time tells$/,
  ],
  [
    'windows by ingestion, which part what is equal',
    {
      window: { filter: 'ingestion', time: 'iso' },
      records: { path: 'data', id: { content: true }, time: { path: 'at', format: 'iso' } },
    },
    /records\.id: windows by ingestion may begin between two records that are equal, .*; name an ID \(records\.id\.paths\), .* \(window\.filter\) .* \(paging\.bookmark\)$/,
  ],
  [
    'windows by ingestion of items whose records are to be known by their content alone',
    {
      items: { path: 'files', name: 'id', request: { path: '/files/{item}' } },
      window: { filter: 'ingestion', time: 'iso' },
      records: { path: 'data', id: { content: true }, time: { path: 'at', format: 'iso' } },
    },
    /; name an ID \(records\.id\.paths\), or the item with the content \(records\.id\.item\), or have the vendor asked by event time /,
  ],
]);
