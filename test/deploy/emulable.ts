import { readFile, writeFile } from 'node:fs/promises';

/**
 * What the emulator refuses to create: metric math, composite alarms, sampling rules; and the dashboard, which refers to
 * the alarms. The template tests hold them against CloudFormation's own schemas.
 */
const refused = /^AWS::(CloudWatch|XRay)::/;

/** Takes out of a synthesised template what the emulator cannot make. Nothing else may refer to it. */
export async function leaveOutUnemulated(templateFile: string): Promise<void> {
  const template: { Resources: Record<string, { Type: string }> } = JSON.parse(await readFile(templateFile, 'utf8'));
  const kept = Object.entries(template.Resources).filter(([, { Type }]) => !refused.test(Type));
  await writeFile(templateFile, JSON.stringify({ ...template, Resources: Object.fromEntries(kept) }));
}
