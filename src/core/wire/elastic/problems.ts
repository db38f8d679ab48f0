/** Why a cluster takes no documents, as Problems with next steps that name the settings in use. */
import { check, type Hint, nextRun, ofSettings } from '../../hint.ts';
import { httpProblem } from '../../http-problem.ts';
import { notFound, timedOut } from '../../http-status.ts';
import { objectOf } from '../../json/parsed.ts';
import { exit, Problem } from '../../problem.ts';
import type { SettingValues } from '../../setting.ts';
import type { HttpReply } from '../../tools.ts';
import { anotherService, strangeAnswer } from '../strange-answer.ts';
import { errorText, isWithoutPipeline, clusterWords } from './bulk.ts';

export interface ElasticProblems {
  /** A fault that every document would meet; `like` is the HTTP status that it amounts to. */
  refusal(status: 77 | 78, reason: string, like: number): Problem;
  /** The cluster takes nothing for now, and says why. */
  busy(reason: string): Problem;
  /** A reply to `what` that is no success; `text` is its body, `root` the address where no index was asked for. */
  failure(reply: Pick<HttpReply, 'status' | 'headers'>, what: string, text: string, root?: string): Problem;
  /** What answers is no cluster: `how` it shows. */
  notElastic(how: string): Problem;
}

/** The Problems of one cluster; `who` is its name in messages. */
export function elasticProblems(values: SettingValues, who: string, now: () => number): ElasticProblems {
  return {
    refusal(status, reason, like) {
      const hint = isWithoutPipeline(reason) ? pipelineHint(values) : elasticHint(values, like);
      return new Problem(status, `${who} does not write to ${values['ELASTIC_INDEX']}: ${reason}`, { hint });
    },
    busy(reason) {
      const message = `${who} takes no more at the moment: ${reason}`;
      return new Problem(exit.tempfail, message, { hint: busyHint(reason), again: { untaken: true } });
    },
    failure(reply, what, text, root) {
      const said = errorText(objectOf(text)?.['error']);
      const isBusy = reply.status === 429 && clusterWords(text) !== '';
      const isNowhere = reply.status === notFound && root !== undefined;
      const hint = isNowhere ? anotherService(addressSetting(values)) : elasticHint(values, reply.status);
      const hints = { [reply.status]: isBusy ? busyHint(said) : hint };
      const problem = httpProblem(reply, { who, what, at: root, hints, said }, now());
      // For unreadable.ts, which sorts out why there was no answer.
      return reply.status === timedOut ? problem.with({ httpStatus: timedOut }) : problem;
    },
    notElastic: (how) => strangeAnswer(who, how, addressSetting(values)),
  };
}

/** The next step after 401, 403 and 404. */
export function elasticHint(values: SettingValues, status: number): Hint | undefined {
  if (status === 404) {
    const address = addressSetting(values);
    return ofSettings(
      ['ELASTIC_INDEX', address],
      (where) => `check ELASTIC_INDEX (it must exist, unless the cluster may create it) and ${address}${where}`,
    );
  }
  const hasKey = values['ELASTIC_API_KEY'] !== undefined;
  const names = hasKey ? ['ELASTIC_API_KEY'] : ['ELASTIC_USERNAME', 'ELASTIC_PASSWORD'];
  if (status === 400) return anotherService(addressSetting(values));
  if (status === 401 && !hasKey && values['ELASTIC_USERNAME'] === undefined) {
    return 'set ELASTIC_API_KEY, or ELASTIC_USERNAME and ELASTIC_PASSWORD';
  }
  if (status === 401) return check(names);
  return status === 403 ? check(names, ', and that it may create documents in ELASTIC_INDEX (create_doc)') : undefined;
}

/** The one of the two that is set: both are an error. */
function addressSetting(values: SettingValues): string {
  return values['ELASTIC_CLOUD_ID'] === undefined ? 'ELASTIC_URL' : 'ELASTIC_CLOUD_ID';
}

/** The next step where an ingest pipeline is missing. */
function pipelineHint(values: SettingValues): Hint {
  return values['ELASTIC_PIPELINE'] === undefined
    ? 'create it, or take it out of the settings of ELASTIC_INDEX (index.default_pipeline, index.final_pipeline)'
    : check(['ELASTIC_PIPELINE'], ', and the default and the final pipeline of ELASTIC_INDEX');
}

/** The next step where the cluster takes nothing for now, by its words. */
function busyHint(reason: string): Hint {
  // The cluster itself sets and lifts only the block of a full disk, `read-only / allow delete`.
  return /^cluster_block_exception\b.*\[FORBIDDEN\/\d+\/[^/]*\(api\)\]/.test(reason)
    ? 'the block is a setting, index.blocks of the index or cluster.blocks: lift it, or write to another index'
    : [nextRun('the next run goes on'), 'if it lasts, look at its load, its memory and its disk space'];
}
