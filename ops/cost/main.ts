import { App } from 'aws-cdk-lib';
import { PostroomStack } from '../../cdk/postroom-stack.ts';
import { readStage, StageError } from '../../cdk/stage.ts';
import { CommandError, runCommand } from '../shared/command.ts';
import { type Estimate, estimate } from './estimate.ts';
import { help, type Options, parseOptions } from './options.ts';
import { prices } from './prices.ts';
import { type Inventory, inventoryOf } from './template.ts';
import { bytesPerMail } from './volume.ts';

const mailsPerBatch = 10;

await runCommand(async () => {
  const options = parseOptions(process.argv.slice(2));
  if (options === undefined) {
    console.log(help);
    return 0;
  }
  const inventory = inventoryOf(synthesised(options));
  const cost = estimate(inventory, options.mails, bytesPerMail(mailsPerBatch));
  console.log(options.json ? JSON.stringify({ ...cost, inventory, prices }) : table(options, inventory, cost));
  return 0;
});

function synthesised({ stage, config }: Options): unknown {
  // The functions are no part of the price, and bundling them takes most of the time.
  const context = { stage, ...(config === undefined ? {} : { config }), 'aws:cdk:bundling-stacks': [] };
  const app = new App({ context, analyticsReporting: false });
  try {
    const { name, config: stageConfig } = readStage(app.node);
    const stack = new PostroomStack(app, name, stageConfig);
    return app.synth().getStackByName(stack.stackName).template;
  } catch (error) {
    if (error instanceof StageError) throw new CommandError(error.message, 2);
    throw error;
  }
}

function table({ stage, mails }: Options, { relays }: Inventory, { fixed, perMail, fixedDollars }: Estimate): string {
  const row = (what: string, quantity: number, unitPrice: number, dollars: number) =>
    `  ${what.padEnd(44)} ${number(quantity).padStart(8)} × $${unitPrice.toFixed(2)} = $${dollars.toFixed(2).padStart(6)}`;
  const rows = (lines: Estimate['fixed']) =>
    lines.map(({ what, quantity, unitPrice, dollars }) => row(what, quantity, unitPrice, dollars));
  return [
    `Watching stage ${stage} with ${relays} relay${relays === 1 ? '' : 's'}, a month:`,
    ...rows(fixed),
    `  ${'together, at the most'.padEnd(63)} = $${fixedDollars.toFixed(2).padStart(6)}`,
    `and for ${mails.toLocaleString('en')} mails a month, in batches of ${mailsPerBatch}, each delivered at once:`,
    ...rows(perMail),
    `List prices of ${prices.region}, as of ${prices.asOf}, without the free tier: ${prices.source}`,
  ].join('\n');
}

function number(value: number): string {
  return Number.isInteger(value) ? String(value) : value.toFixed(2);
}
