//! A shop of sea-orm's: users, items, and what users own, made from the entities themselves.

use std::time::Duration;

use sea_orm::entity::prelude::*;
use sea_orm::sea_query::IndexCreateStatement;
use sea_orm::{
    ConnectionTrait, DatabaseConnection, Schema, Set, SqlxMySqlConnector, SqlxPostgresConnector,
    SqlxSqliteConnector,
};
use sqlx::mysql::{MySqlConnectOptions, MySqlPoolOptions};
use sqlx::postgres::{PgConnectOptions, PgPoolOptions};
use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions};

use exactly_conformance::servers::sql::{Flavour, Server};

/// As many as race.
pub(crate) const CONNECTIONS: u32 = 16;

pub(crate) mod user {
    use sea_orm::entity::prelude::*;

    #[derive(Clone, Debug, PartialEq, Eq, EnumIter, DeriveActiveEnum)]
    #[sea_orm(rs_type = "String", db_type = "Enum", enum_name = "mood")]
    pub enum Mood {
        #[sea_orm(string_value = "calm")]
        Calm,
        #[sea_orm(string_value = "angry")]
        Angry,
    }

    #[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
    #[sea_orm(table_name = "users")]
    pub struct Model {
        #[sea_orm(primary_key)]
        pub id: i64,
        pub name: String,
        pub arena_id: Option<i32>,
        pub closed_at: Option<DateTimeUtc>,
        pub mood: Mood,
        pub money: i64,
        pub ap: i32,
        pub updated_at: DateTimeUtc,
    }

    #[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
    pub enum Relation {}

    impl ActiveModelBehavior for ActiveModel {}
}

pub(crate) mod item {
    use sea_orm::entity::prelude::*;

    #[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
    #[sea_orm(table_name = "items")]
    pub struct Model {
        #[sea_orm(primary_key)]
        pub id: i64,
        pub name: String,
    }

    #[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
    pub enum Relation {}

    impl ActiveModelBehavior for ActiveModel {}
}

pub(crate) mod user_item {
    use sea_orm::entity::prelude::*;

    #[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
    #[sea_orm(table_name = "user_items")]
    pub struct Model {
        #[sea_orm(primary_key)]
        pub id: i64,
        #[sea_orm(unique_key = "of_user")]
        pub user_id: i64,
        #[sea_orm(unique_key = "of_user")]
        pub item_id: i64,
        pub quantity: i64,
        pub note: Option<String>,
    }

    #[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
    pub enum Relation {
        #[sea_orm(
            belongs_to = "super::item::Entity",
            from = "Column::ItemId",
            to = "super::item::Column::Id"
        )]
        Item,
    }

    impl Related<super::item::Entity> for Entity {
        fn to() -> RelationDef {
            Relation::Item.def()
        }
    }

    impl ActiveModelBehavior for ActiveModel {}
}

/// A table whose key has two columns, one of them a UUID.
pub(crate) mod seat {
    use sea_orm::entity::prelude::*;

    #[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
    #[sea_orm(table_name = "seats")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub hall: Uuid,
        #[sea_orm(primary_key, auto_increment = false)]
        pub no: i32,
        pub taken_by: Option<i64>,
        pub price: Decimal,
    }

    #[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
    pub enum Relation {}

    impl ActiveModelBehavior for ActiveModel {}
}

pub(crate) const SWORD: i64 = 1;
pub(crate) const POTION: i64 = 2;

#[derive(Debug, Clone)]
pub(crate) struct Shop {
    pub(crate) db: DatabaseConnection,
}

impl Shop {
    pub(crate) async fn open(server: &Server) -> Self {
        let db = connect(server).await;
        let shop = Self { db };
        let schema = Schema::new(shop.db.get_database_backend());
        for of_type in schema.create_enum_from_entity(user::Entity) {
            shop.db.execute(&of_type).await.unwrap();
        }
        shop.create(&schema, user::Entity).await;
        shop.create(&schema, item::Entity).await;
        shop.create(&schema, user_item::Entity).await;
        shop.create(&schema, seat::Entity).await;
        for (id, name) in (1..).zip(["sword", "potion", "shield", "bow", "rope"]) {
            let row = item::ActiveModel { id: Set(id), name: Set(name.to_owned()) };
            item::Entity::insert(row).exec(&shop.db).await.unwrap();
        }
        shop
    }

    async fn create<E: EntityTrait>(&self, schema: &Schema, entity: E) {
        self.db.execute(&schema.create_table_from_entity(entity)).await.unwrap();
        let indexes: Vec<IndexCreateStatement> = schema.create_index_from_entity(entity);
        for index in indexes {
            self.db.execute(&index).await.unwrap();
        }
    }

    pub(crate) async fn user(&self, id: i64) -> user::Model {
        user::Entity::find_by_id(id).one(&self.db).await.unwrap().unwrap()
    }

    /// A user who holds a hundred of money and three action points, and has not been touched for
    /// long.
    pub(crate) async fn new_user(&self, id: i64) -> user::Model {
        let row = user::ActiveModel {
            id: Set(id),
            name: Set("ann".to_owned()),
            arena_id: Set(None),
            closed_at: Set(None),
            mood: Set(user::Mood::Calm),
            money: Set(100),
            ap: Set(3),
            updated_at: Set(long_ago()),
        };
        user::Entity::insert(row).exec(&self.db).await.unwrap();
        self.user(id).await
    }

    pub(crate) async fn own(&self, owned: &[(i64, i64, i64)]) {
        for (user_id, item_id, quantity) in owned {
            let row = owns(*user_id, *item_id, *quantity);
            user_item::Entity::insert(row).exec(&self.db).await.unwrap();
        }
    }

    /// What a user owns, by item.
    pub(crate) async fn owned(&self, user_id: i64) -> Vec<(i64, i64)> {
        let all = user_item::Entity::find().filter(user_item::Column::UserId.eq(user_id));
        let mut all: Vec<_> = all.all(&self.db).await.unwrap();
        all.sort_by_key(|owned| owned.item_id);
        all.into_iter().map(|owned| (owned.item_id, owned.quantity)).collect()
    }
}

pub(crate) fn long_ago() -> DateTimeUtc {
    DateTimeUtc::from_timestamp(1_000_000_000, 0).unwrap()
}

pub(crate) fn owns(user_id: i64, item_id: i64, quantity: i64) -> user_item::ActiveModel {
    user_item::ActiveModel {
        user_id: Set(user_id),
        item_id: Set(item_id),
        quantity: Set(quantity),
        ..Default::default()
    }
}

async fn connect(server: &Server) -> DatabaseConnection {
    let waits = Duration::from_secs(60);
    match server.flavour {
        Flavour::Postgres15 | Flavour::Postgres18 => {
            let options = PgConnectOptions::new_without_pgpass().socket(server.folder());
            let options = options.username("postgres").database("postgres");
            let pool = PgPoolOptions::new().max_connections(CONNECTIONS).acquire_timeout(waits);
            let pool = pool.connect_with(options).await.unwrap();
            SqlxPostgresConnector::from_sqlx_postgres_pool(pool)
        }
        Flavour::MariaDb10 | Flavour::MySql9 => {
            let options = MySqlConnectOptions::new().socket(server.socket()).username("root");
            let bare = MySqlPoolOptions::new().max_connections(1).connect_with(options.clone());
            let bare = SqlxMySqlConnector::from_sqlx_mysql_pool(bare.await.unwrap());
            bare.execute_unprepared("CREATE DATABASE shop CHARACTER SET utf8mb4").await.unwrap();
            bare.close().await.unwrap();
            let pool = MySqlPoolOptions::new().max_connections(CONNECTIONS).acquire_timeout(waits);
            let pool = pool.connect_with(options.database("shop")).await.unwrap();
            SqlxMySqlConnector::from_sqlx_mysql_pool(pool)
        }
        Flavour::Sqlite => {
            let options = SqliteConnectOptions::new().filename(server.folder().join("shop.db"));
            let options = options.create_if_missing(true).busy_timeout(waits);
            let options = options.journal_mode(SqliteJournalMode::Wal);
            let pool = SqlitePoolOptions::new().max_connections(CONNECTIONS).acquire_timeout(waits);
            SqlxSqliteConnector::from_sqlx_sqlite_pool(pool.connect_with(options).await.unwrap())
        }
    }
}
