import type { SynthesisedStack } from '../../local/template/cloud-assembly.ts';

/**
 * The stack with another visibility time-out on its queues. AWS asks for six times the function's time-out, which is
 * how long everybody waits for what a killed process held.
 */
export function impatient({ template, ...stack }: SynthesisedStack, seconds: number): SynthesisedStack {
  const resources = Object.entries(template.Resources).map(([logicalId, resource]) => {
    if (resource.Type !== 'AWS::SQS::Queue' || resource.Properties['VisibilityTimeout'] === undefined)
      return [logicalId, resource] as const;
    return [logicalId, { ...resource, Properties: { ...resource.Properties, VisibilityTimeout: seconds } }] as const;
  });
  return { ...stack, template: { ...template, Resources: Object.fromEntries(resources) } };
}
