import {
  type EntityMetadata,
  type EntityName,
  type IDatabaseDriver,
  type MetadataStorage,
  MikroORM,
  type Options,
} from '@mikro-orm/core';

/**
 * Makes an ORM of the entities that another one, of the same entities and options on another database, has discovered already.
 *
 * Discovery is nearly all that `MikroORM.init()` costs (15 of 15 ms for 30 entities), and its result depends on the entities and the
 * dialect only. MikroORM hangs it on the entities' prototypes as well, where the ORM that was made last wins: they ask its hydrator whether
 * a row is being read. So the hydrator and the comparator, with the functions that they compile for each entity, are shared too.
 */
export function sharingOrm(options: Options, template: MikroORM): MikroORM {
  const orm: MikroORM = new SharingOrm(options, template);
  return orm;
}

class SharingOrm extends MikroORM {
  constructor(
    options: Options,
    private readonly template: MikroORM,
  ) {
    super({
      ...options,
      // With those that MikroORM.init() finds by itself.
      extensions: template.config.get('extensions'),
      discovery: { ...options.discovery, skipSyncDiscovery: true },
    });
    const metadata = template.getMetadata();
    this.config.getHydrator = () => template.config.getHydrator(metadata);
    this.config.getComparator = () => template.config.getComparator(metadata);
    const driver: IDatabaseDriver = this.driver;
    driver.setMetadata(metadata);
    this.em = driver.createEntityManager() as typeof this.em;
    (this.em as { global: boolean }).global = true;
    // Another application of this process may have discovered the same entities since, for another dialect.
    const isDecorated = [...metadata].every((meta) => (meta.prototype as { __meta?: unknown }).__meta === meta);
    if (!isDecorated) metadata.decorate(template.em);
  }

  override getMetadata(): MetadataStorage;
  override getMetadata<Entity extends object>(entityName: EntityName<Entity>): EntityMetadata<Entity>;
  override getMetadata(entityName?: EntityName): MetadataStorage | EntityMetadata {
    return entityName ? this.template.getMetadata(entityName) : this.template.getMetadata();
  }
}
