import { CreateTableCommand } from '@aws-sdk/client-dynamodb';
import { CreateBucketCommand } from '@aws-sdk/client-s3';
import { CreateSecretCommand } from '@aws-sdk/client-secrets-manager';
import { CreateTopicCommand, SubscribeCommand } from '@aws-sdk/client-sns';
import { CreateQueueCommand } from '@aws-sdk/client-sqs';
import * as v from 'valibot';
import type { ResolvedResource, ResolvedStack } from '../template/resolve.ts';
import type { Json, JsonObject } from '../template/template.ts';
import type { AwsClients } from './aws-clients.ts';

type Create = (resource: ResolvedResource, clients: AwsClients) => Promise<unknown>;

/** Creates the data resources of the stack with the attributes the template gives them; functions come later. */
export async function deployData(stack: ResolvedStack, clients: AwsClients): Promise<void> {
  for (const phase of [creators, links]) {
    await Promise.all(stack.resources.map((resource) => phase[resource.type]?.(resource, clients)));
  }
}

const key = v.array(v.object({ AttributeName: v.string(), KeyType: v.picklist(['HASH', 'RANGE']) }));
const index = v.object({
  IndexName: v.string(),
  KeySchema: key,
  Projection: v.object({
    ProjectionType: v.optional(v.picklist(['ALL', 'KEYS_ONLY', 'INCLUDE'])),
    NonKeyAttributes: v.optional(v.array(v.string())),
  }),
});
const table = v.object({
  AttributeDefinitions: v.array(v.object({ AttributeName: v.string(), AttributeType: v.picklist(['S', 'N', 'B']) })),
  KeySchema: key,
  GlobalSecondaryIndexes: v.optional(v.array(index)),
});

const createTable: Create = ({ name, properties }, { dynamodb }) => {
  const { AttributeDefinitions, KeySchema, GlobalSecondaryIndexes } = v.parse(table, properties);
  return dynamodb.send(
    new CreateTableCommand({
      TableName: name,
      AttributeDefinitions,
      KeySchema,
      GlobalSecondaryIndexes,
      BillingMode: 'PAY_PER_REQUEST',
    }),
  );
};

/** The template's word for a resource is also the API's, but for what is listed here. */
const notQueueAttributes = new Set(['QueueName', 'Tags']);

const secret = v.object({ Description: v.optional(v.string()), SecretString: v.optional(v.string()) });

const creators: Readonly<Record<string, Create>> = {
  'AWS::SQS::Queue': ({ name, properties }, { sqs }) =>
    sqs.send(new CreateQueueCommand({ QueueName: name, Attributes: queueAttributes(properties) })),
  'AWS::DynamoDB::Table': createTable,
  'AWS::DynamoDB::GlobalTable': createTable,
  'AWS::SecretsManager::Secret': ({ logicalId, name, properties }, { secretsManager }) => {
    if (properties['GenerateSecretString'] !== undefined) {
      throw new Error(`Resource ${logicalId}: GenerateSecretString is not supported in a local run`);
    }
    return secretsManager.send(new CreateSecretCommand({ Name: name, ...v.parse(secret, properties) }));
  },
  'AWS::SNS::Topic': ({ name }, { sns }) => sns.send(new CreateTopicCommand({ Name: name })),
  'AWS::S3::Bucket': ({ identity }, { s3 }) => s3.send(new CreateBucketCommand({ Bucket: identity.ref })),
};

const subscription = v.object({
  TopicArn: v.string(),
  Protocol: v.string(),
  Endpoint: v.string(),
  RawMessageDelivery: v.optional(v.boolean()),
});

/** What needs other resources to exist. */
const links: Readonly<Record<string, Create>> = {
  'AWS::SNS::Subscription': async ({ properties }, { sns }) => {
    const { RawMessageDelivery, ...input } = v.parse(subscription, properties);
    // Nobody on one machine takes e-mail or HTTPS notifications.
    if (input.Protocol !== 'sqs') return;
    const Attributes =
      RawMessageDelivery === undefined ? undefined : { RawMessageDelivery: String(RawMessageDelivery) };
    await sns.send(new SubscribeCommand({ ...input, Attributes }));
  },
};

function queueAttributes(properties: JsonObject): Record<string, string> {
  const attributes = Object.entries(properties).filter(([name]) => !notQueueAttributes.has(name));
  return Object.fromEntries(attributes.map(([name, value]) => [name, attributeText(value)]));
}

function attributeText(value: Json): string {
  return typeof value === 'object' ? JSON.stringify(value) : String(value);
}
