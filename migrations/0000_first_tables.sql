CREATE TABLE `access_log` (
	`id` integer PRIMARY KEY AUTOINCREMENT NOT NULL,
	`at` integer NOT NULL,
	`email` text NOT NULL,
	`token_id` text,
	`what` text NOT NULL,
	`crash_id` text,
	`detail` text NOT NULL
);
--> statement-breakpoint
CREATE INDEX `access_log_at` ON `access_log` (`at`);--> statement-breakpoint
CREATE INDEX `access_log_crash_id` ON `access_log` (`crash_id`);--> statement-breakpoint
CREATE INDEX `access_log_email` ON `access_log` (`email`);--> statement-breakpoint
CREATE TABLE `audit_log` (
	`id` integer PRIMARY KEY AUTOINCREMENT NOT NULL,
	`at` integer NOT NULL,
	`email` text NOT NULL,
	`action` text NOT NULL,
	`subject` text NOT NULL,
	`detail` text NOT NULL
);
--> statement-breakpoint
CREATE INDEX `audit_log_at` ON `audit_log` (`at`);--> statement-breakpoint
CREATE INDEX `audit_log_subject` ON `audit_log` (`subject`);--> statement-breakpoint
CREATE TABLE `bug_associations` (
	`signature` text NOT NULL,
	`bug_id` integer NOT NULL,
	PRIMARY KEY(`signature`, `bug_id`)
);
--> statement-breakpoint
CREATE INDEX `bug_associations_bug` ON `bug_associations` (`bug_id`);--> statement-breakpoint
CREATE TABLE `jobs` (
	`name` text PRIMARY KEY NOT NULL,
	`state` text NOT NULL,
	`updated_at` integer NOT NULL
);
--> statement-breakpoint
CREATE TABLE `missing_processed_crashes` (
	`crash_id` text PRIMARY KEY NOT NULL,
	`created_at` integer NOT NULL,
	`last_sent_at` integer NOT NULL,
	`processed_at` integer
);
--> statement-breakpoint
CREATE INDEX `missing_processed_crashes_open` ON `missing_processed_crashes` (`processed_at`);--> statement-breakpoint
CREATE TABLE `missing_symbol_days` (
	`day` text NOT NULL,
	`module` text NOT NULL,
	`symbol_id` text NOT NULL,
	`crashes` integer NOT NULL,
	PRIMARY KEY(`day`, `module`, `symbol_id`)
);
--> statement-breakpoint
CREATE TABLE `missing_symbols` (
	`id` integer PRIMARY KEY AUTOINCREMENT NOT NULL,
	`module` text NOT NULL,
	`symbol_id` text NOT NULL,
	`debug_file` text,
	`debug_id` text,
	`code_file` text,
	`code_id` text,
	`crashes` integer DEFAULT 0 NOT NULL,
	`requests` integer DEFAULT 0 NOT NULL,
	`first_seen_at` integer NOT NULL,
	`last_seen_at` integer NOT NULL,
	`resolved_at` integer
);
--> statement-breakpoint
CREATE UNIQUE INDEX `missing_symbols_module` ON `missing_symbols` (`module`,`symbol_id`);--> statement-breakpoint
CREATE INDEX `missing_symbols_symbol_id` ON `missing_symbols` (`symbol_id`);--> statement-breakpoint
CREATE INDEX `missing_symbols_open` ON `missing_symbols` (`resolved_at`,`crashes`,`requests`);--> statement-breakpoint
CREATE INDEX `missing_symbols_requested` ON `missing_symbols` (`first_seen_at`) WHERE crashes = 0;--> statement-breakpoint
CREATE TABLE `product_versions` (
	`product` text NOT NULL,
	`channel` text NOT NULL,
	`build_id` text NOT NULL,
	`version` text NOT NULL,
	`first_seen_at` integer NOT NULL,
	PRIMARY KEY(`product`, `channel`, `build_id`, `version`)
);
--> statement-breakpoint
CREATE TABLE `sessions` (
	`hash` text PRIMARY KEY NOT NULL,
	`email` text NOT NULL,
	`created_at` integer NOT NULL,
	`expires_at` integer NOT NULL
);
--> statement-breakpoint
CREATE INDEX `sessions_expires_at` ON `sessions` (`expires_at`);--> statement-breakpoint
CREATE TABLE `signature_changes` (
	`old_signature` text NOT NULL,
	`new_signature` text NOT NULL,
	`crashes` integer NOT NULL,
	`first_at` integer NOT NULL,
	`last_at` integer NOT NULL,
	PRIMARY KEY(`old_signature`, `new_signature`)
);
--> statement-breakpoint
CREATE INDEX `signature_changes_new` ON `signature_changes` (`new_signature`);--> statement-breakpoint
CREATE TABLE `signatures` (
	`signature` text PRIMARY KEY NOT NULL,
	`first_at` integer,
	`first_build` integer,
	`state` text
);
--> statement-breakpoint
CREATE TABLE `symbol_owners` (
	`debug_file` text NOT NULL,
	`debug_id` text NOT NULL,
	`try_symbols` integer NOT NULL,
	`product` text,
	`upload_id` integer NOT NULL,
	PRIMARY KEY(`debug_file`, `debug_id`, `try_symbols`)
);
--> statement-breakpoint
CREATE TABLE `tokens` (
	`id` text PRIMARY KEY NOT NULL,
	`hash` text NOT NULL,
	`email` text NOT NULL,
	`permissions` text NOT NULL,
	`note` text DEFAULT '' NOT NULL,
	`product` text,
	`created_at` integer NOT NULL,
	`expires_at` integer NOT NULL,
	`revoked_at` integer
);
--> statement-breakpoint
CREATE TABLE `upload_files` (
	`id` integer PRIMARY KEY AUTOINCREMENT NOT NULL,
	`upload_id` integer NOT NULL,
	`key` text NOT NULL,
	`key_id` text NOT NULL,
	`stored_bytes` integer NOT NULL,
	`original_bytes` integer NOT NULL,
	`compressed` integer NOT NULL,
	`update` integer NOT NULL,
	`debug_file` text,
	`debug_id` text,
	`code_file` text,
	`code_id` text,
	`generator` text,
	`health` text,
	`index_state` text,
	`created_at` integer NOT NULL
);
--> statement-breakpoint
CREATE UNIQUE INDEX `upload_files_upload_key` ON `upload_files` (`upload_id`,`key`);--> statement-breakpoint
CREATE INDEX `upload_files_created_at` ON `upload_files` (`created_at`);--> statement-breakpoint
CREATE INDEX `upload_files_size` ON `upload_files` (`stored_bytes`);--> statement-breakpoint
CREATE INDEX `upload_files_debug` ON `upload_files` (`debug_file`,`debug_id`);--> statement-breakpoint
CREATE INDEX `upload_files_code` ON `upload_files` (`code_file`,`code_id`);--> statement-breakpoint
CREATE INDEX `upload_files_code_id` ON `upload_files` (`code_id`);--> statement-breakpoint
CREATE INDEX `upload_files_key_id` ON `upload_files` (`key_id`);--> statement-breakpoint
CREATE INDEX `upload_files_key` ON `upload_files` (`key`);--> statement-breakpoint
CREATE TABLE `upload_parts` (
	`session_id` text NOT NULL,
	`part` integer NOT NULL,
	`etag` text NOT NULL,
	`sha256` text NOT NULL,
	`size_bytes` integer NOT NULL,
	PRIMARY KEY(`session_id`, `part`)
);
--> statement-breakpoint
CREATE TABLE `upload_sessions` (
	`id` text PRIMARY KEY NOT NULL,
	`upload_id` integer NOT NULL,
	`key` text NOT NULL,
	`size_bytes` integer NOT NULL,
	`md5` text NOT NULL,
	`state` text DEFAULT 'open' NOT NULL,
	`r2_upload_id` text,
	`failed_reason` text,
	`expires_at` integer NOT NULL
);
--> statement-breakpoint
CREATE UNIQUE INDEX `upload_sessions_upload_key` ON `upload_sessions` (`upload_id`,`key`);--> statement-breakpoint
CREATE TABLE `uploads` (
	`id` integer PRIMARY KEY AUTOINCREMENT NOT NULL,
	`email` text NOT NULL,
	`filename` text NOT NULL,
	`size_bytes` integer NOT NULL,
	`try_symbols` integer NOT NULL,
	`skipped_keys` text NOT NULL,
	`ignored_keys` text NOT NULL,
	`refused_keys` text DEFAULT '[]' NOT NULL,
	`product` text,
	`by_admin` integer DEFAULT false NOT NULL,
	`content_hash` text,
	`created_at` integer NOT NULL,
	`completed_at` integer,
	`failed_reason` text,
	`last_sent_at` integer,
	`kind` text DEFAULT 'zip' NOT NULL,
	`download_url` text,
	`redirect_urls` text DEFAULT '[]' NOT NULL,
	`closed_at` integer,
	`source_revision` text
);
--> statement-breakpoint
CREATE INDEX `uploads_created_at` ON `uploads` (`created_at`);--> statement-breakpoint
CREATE INDEX `uploads_completed_at` ON `uploads` (`completed_at`);--> statement-breakpoint
CREATE INDEX `uploads_size` ON `uploads` (`size_bytes`);--> statement-breakpoint
CREATE INDEX `uploads_email` ON `uploads` (`email`,`created_at`);--> statement-breakpoint
CREATE INDEX `uploads_content` ON `uploads` (`content_hash`);--> statement-breakpoint
CREATE INDEX `uploads_product` ON `uploads` (`product`);--> statement-breakpoint
CREATE TABLE `users` (
	`email` text PRIMARY KEY NOT NULL,
	`groups` text NOT NULL,
	`active` integer DEFAULT true NOT NULL,
	`created_at` integer NOT NULL
);
