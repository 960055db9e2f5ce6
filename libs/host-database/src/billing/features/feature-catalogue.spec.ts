import { describe, expect, it } from '@jest/globals';
import { InvalidInputError, InvalidOptionError } from '../../common/index.js';
import { resolveBillingOptions } from '../billing.options.js';
import { FeatureCatalogue } from './feature-catalogue.js';
import { defineFeatures } from './features.js';
import { UnknownFeatureError, UnknownLimitError } from './features.errors.js';
import { defineLimits } from './limits.js';

const features = defineFeatures({ api_access: {}, exports: { description: 'Export everything.' } });
const limits = defineLimits({ projects: {} });

describe(FeatureCatalogue.name, () => {
  const sut = new FeatureCatalogue(resolveBillingOptions({ features, limits }));

  it('returns features sorted, each once', () => {
    expect(sut.assertFeatures(['exports', 'api_access', 'exports'])).toEqual(['api_access', 'exports']);
  });

  it('names the nearest of what it does not know', () => {
    const misspelt = () => sut.assertFeatures(['api-acess']);
    expect(misspelt).toThrow(UnknownFeatureError);
    expect(misspelt).toThrow(expect.objectContaining({ feature: 'api-acess', nearest: 'api_access' }));
    expect(() => sut.assertLimits({ project: 1 })).toThrow(UnknownLimitError);
    expect(() => sut.assertLimits({ project: 1 })).toThrow(expect.objectContaining({ limit: 'project', nearest: 'projects' }));
    expect(() => sut.assertFeatures([7 as unknown as string])).toThrow(InvalidInputError);
  });

  it('says so too where there are none', () => {
    const none = new FeatureCatalogue(resolveBillingOptions());
    expect(() => none.assertFeatures(['api_access'])).toThrow(expect.objectContaining({ nearest: '' }));
    expect(none.assertFeatures([])).toEqual([]);
  });

  it("has the library's own limit, and the application's", () => {
    expect(sut.assertLimits({ seats: 5, projects: 0 })).toEqual({ projects: 0, seats: 5 });
    expect(sut.assertLimits({ seats: undefined })).toEqual({});
  });

  it.each([[-1], [1.5], [Number.NaN], [2 ** 31]])('refuses %d of something', (most) => {
    expect(() => sut.assertLimits({ projects: most })).toThrow(InvalidInputError);
  });

  it.each([
    ['a feature of another form', { features: { 'API access': {} } }],
    ['a feature whose key is too long', { features: { [`a${'b'.repeat(80)}`]: {} } }],
    ['a limit of another form', { limits: { Projects: {} } }],
    ["the library's own limit", { limits: { seats: {} } }],
  ])('stops the boot at %s', (_, wrong) => {
    expect(() => resolveBillingOptions(wrong)).toThrow(InvalidOptionError);
  });
});
