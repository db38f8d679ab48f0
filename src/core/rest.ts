/**
 * Makes a Source of a vendor that is described as data: log in, ask page by page, check that all of it came, log out.
 *
 * Pages come up through these files of core/vendor, each of which asks the next:
 *
 *   window-walk    a window; in halves, or once more, where not all of it came; by its job, where it has one (job)
 *   page-walk      its pages, of which the next is asked for while one is delivered; those of each item of a list (item-walk)
 *   read-page      a page, until it is surely whole
 *   read-reply     one reply, split as it streams, and what it says besides (core/split.ts)
 *   collect        its records, each with its identity and time
 *   vendor-client  one request, with the credentials
 *
 * core/run and core/delivery take them on from there: see run.ts.
 */
import type { SourceDefinition } from './definition.ts';
import { keepsBookmark } from './definition/paging-rules.ts';
import type { SettingValues } from './setting.ts';
import type { Tools } from './tools.ts';
import type { Ask, Page, Search, Source, Window } from './types.ts';
import { baseUrl, ofAddress, scopeOfSource } from './vendor/address.ts';
import { asksVendor, branchesOf } from './vendor/branches.ts';
import { identityRule } from './vendor/record-fields.ts';
import { vendorClient } from './vendor/vendor-client.ts';
import { goneStatuses, hasHttpStatus } from './vendor/gone.ts';
import { itemWalk } from './vendor/item-walk.ts';
import { emptyPage, pageWalk } from './vendor/page-walk.ts';
import { preparation } from './vendor/prepare.ts';
import { vendorSearch } from './vendor/search.ts';
import { fillFirst, type TemplateValues } from './definition/template.ts';
import { momentsIn, overlongIn, windowRules, windowWriter } from './vendor/window-values.ts';
import { windowWalk } from './vendor/window-walk.ts';

/** Throws Problem 64 when the search asks for what the source cannot do, 78 when the URL is not one. */
export function restSource(definition: SourceDefinition, values: SettingValues, asked: Search, tools: Tools): Source {
  const { name, paging, items } = definition;
  const search = vendorSearch(definition, asked, tools);
  const written = windowWriter(definition, values);
  const overlong = overlongIn(definition, values);
  const base = baseUrl(definition, values);
  const vendor = vendorClient(definition, values, tools);
  const prepare = preparation(definition, vendor);
  const window = windowRules(definition, values);
  const context = { definition, window, search, vendor, tools };
  const pages = items === undefined ? pageWalk(context) : itemWalk(context, items);
  const invalid = goneStatuses(definition);
  const hasBookmarks = keepsBookmark(paging);
  const walk = windowWalk(context, pages, valuesOf);

  /** Everything that a template can name. */
  function valuesOf({ branch }: Ask, window: Window, more: TemplateValues): TemplateValues {
    const all: Record<string, TemplateValues[string]> = {
      ...values,
      ...search.values,
      ...written(window),
      branch,
      ...more,
    };
    for (const [variable, templates] of Object.entries(definition.variables ?? {})) {
      all[variable] = fillFirst([templates].flat(), all);
    }
    return all;
  }

  async function* pull(ask: Ask): AsyncGenerator<Page, void, undefined> {
    try {
      for await (const page of read(ask)) {
        yield page.incomplete === undefined ? page : { ...page, incomplete: ofAddress(page.incomplete, base) };
      }
    } catch (error) {
      throw ofAddress(error, base);
    }
  }

  async function* read(ask: Ask): AsyncGenerator<Page, void, undefined> {
    const warning = overlong(ask.slice);
    if (warning !== undefined) tools.warn(warning);
    await vendor.open();
    await prepare(ask.branch, valuesOf(ask, ask.slice, {}));
    if (ask.bookmark === undefined || !hasBookmarks) return yield* readAnew(ask);
    let begun = false;
    try {
      for await (const page of walk(ask, ask.bookmark)) {
        begun = true; // the saved bookmark was good; a later failure must not send the run back to the beginning
        yield page;
      }
    } catch (error) {
      if (begun || !hasHttpStatus(error, invalid)) throw error;
      const beginning =
        definition.window.filter === 'none' ? 'from where its API begins' : 'the window from its beginning';
      tools.warn(`${name} no longer knows where the last run stopped; reading ${beginning}`);
      yield* readAnew(ask);
    }
  }

  /** Without a bookmark. Where one was possible, the first page says so: by then the time at the vendor is known. */
  async function* readAnew(ask: Ask): AsyncGenerator<Page, void, undefined> {
    let restarted = hasBookmarks;
    for await (const page of walk(ask, undefined)) {
      yield restarted ? { ...page, restarted } : page;
      restarted = false;
    }
    if (restarted) yield { ...emptyPage, restarted };
  }

  const asksForBranches = asksVendor(definition, values);

  async function branches(): Promise<readonly string[]> {
    if (asksForBranches) await open();
    return atAddress(() => branchesOf(definition, values, vendor, tools));
  }

  const open = (): Promise<void> => atAddress(vendor.open);

  async function atAddress<T>(ask: () => Promise<T>): Promise<T> {
    try {
      return await ask();
    } catch (error) {
      throw ofAddress(error, base);
    }
  }

  return {
    name,
    window,
    scope: scopeOfSource(definition, values),
    branches,
    asksForBranches,
    open,
    pull,
    serverTime: vendor.serverTime,
    ...momentsIn(definition, values),
    volatile: identityRule(definition).without.length > 0,
    truncated: pages.truncated,
    guessed: pages.guessed,
    absent: search.absent,
    nested: search.nested,
    close: vendor.close,
  };
}
