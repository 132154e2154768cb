CREATE TABLE "deployment" (
	id CHAR(36) DEFAULT ((
        lower(hex(randomblob(4))) 
        || '-' 
        || lower(hex(randomblob(2))) 
        || '-4' 
        || substr(lower(hex(randomblob(2))),2) 
        || '-' 
        || substr('89ab',abs(random()) % 4 + 1, 1) 
        || substr(lower(hex(randomblob(2))),2) 
        || '-' 
        || lower(hex(randomblob(6)))
    )) NOT NULL, 
	created DATETIME DEFAULT (strftime('%Y-%m-%d %H:%M:%f000', 'now')) NOT NULL, 
	updated DATETIME DEFAULT (strftime('%Y-%m-%d %H:%M:%f000', 'now')) NOT NULL, 
	name VARCHAR NOT NULL, 
	tags JSON DEFAULT '[]' NOT NULL, 
	parameters JSON DEFAULT '{}' NOT NULL, 
	flow_id CHAR(36) NOT NULL, 
	description TEXT, 
	infrastructure_document_id CHAR(36), 
	parameter_openapi_schema JSON, 
	storage_document_id CHAR(36), 
	version VARCHAR, 
	infra_overrides JSON DEFAULT '{}' NOT NULL, 
	path VARCHAR, 
	entrypoint VARCHAR, 
	work_queue_name VARCHAR, 
	created_by JSON, 
	updated_by JSON, 
	work_queue_id CHAR(36), 
	pull_steps JSON, 
	enforce_parameter_schema BOOLEAN DEFAULT '0' NOT NULL, 
	last_polled DATETIME, 
	paused BOOLEAN DEFAULT '0' NOT NULL, 
	status VARCHAR(9) DEFAULT 'NOT_READY' NOT NULL, 
	concurrency_limit INTEGER, 
	concurrency_options JSON, 
	concurrency_limit_id CHAR(36), 
	labels JSON, version_id CHAR(36), 
	CONSTRAINT pk_deployment PRIMARY KEY (id), 
	CONSTRAINT fk_deployment__infrastructure_document_id__block_document FOREIGN KEY(infrastructure_document_id) REFERENCES block_document (id) ON DELETE CASCADE, 
	CONSTRAINT fk_deployment__flow_id__flow FOREIGN KEY(flow_id) REFERENCES flow (id) ON DELETE CASCADE, 
	CONSTRAINT fk_deployment__concurrency_limit_id__concurrency_limit_v2 FOREIGN KEY(concurrency_limit_id) REFERENCES concurrency_limit_v2 (id) ON DELETE SET NULL, 
	CONSTRAINT fk_deployment__work_queue_id__work_queue FOREIGN KEY(work_queue_id) REFERENCES work_queue (id) ON DELETE SET NULL, 
	CONSTRAINT fk_deployment__storage_document_id__block_document FOREIGN KEY(storage_document_id) REFERENCES block_document (id) ON DELETE CASCADE
);
INSERT INTO "deployment" VALUES('1a61869c-e1da-456d-918d-34dfa2af9429','2026-11-30 00:08:54.062325','2026-11-30 00:08:54.056835','统一任务生成-每日','["\u4efb\u52a1\u751f\u6210", "\u6bcf\u65e5"]','{}','8b86d78d-ec34-4491-a4ac-2b5139429ddf','每天00:05生成当日任务',NULL,'{"title": "Parameters", "type": "object", "properties": {}}',NULL,'3e6fa9cffdce0a09456fe962ef5c07eb','{}','.','scheduler_flows.py:generate_daily_flow',NULL,NULL,NULL,NULL,'[]',1,NULL,0,'NOT_READY',NULL,NULL,NULL,'{"prefect.flow.id": "8b86d78d-ec34-4491-a4ac-2b5139429ddf"}',NULL);
INSERT INTO "deployment" VALUES('d2bbb091-6ed2-44b0-bced-683aa63fabec','2026-11-30 00:08:54.465747','2026-11-30 00:08:54.462672','统一任务生成-每周','["\u4efb\u52a1\u751f\u6210", "\u6bcf\u5468"]','{}','22465fa2-c56e-4a87-8617-375b2371ff0b','每周六00:10生成周任务',NULL,'{"title": "Parameters", "type": "object", "properties": {}}',NULL,'3e6fa9cffdce0a09456fe962ef5c07eb','{}','.','scheduler_flows.py:generate_weekly_flow',NULL,NULL,NULL,NULL,'[]',1,NULL,0,'NOT_READY',NULL,NULL,NULL,'{"prefect.flow.id": "22465fa2-c56e-4a87-8617-375b2371ff0b"}',NULL);
INSERT INTO "deployment" VALUES('262815df-455c-456f-84bc-ee01f9cd2ada','2026-11-30 00:08:54.874636','2026-11-30 00:08:54.872286','统一任务生成-每月','["\u4efb\u52a1\u751f\u6210", "\u6bcf\u6708"]','{}','50d1f73f-db75-43fb-941c-d4d3cf462497','每月1号00:15生成月任务',NULL,'{"title": "Parameters", "type": "object", "properties": {}}',NULL,'3e6fa9cffdce0a09456fe962ef5c07eb','{}','.','scheduler_flows.py:generate_monthly_flow',NULL,NULL,NULL,NULL,'[]',1,NULL,0,'NOT_READY',NULL,NULL,NULL,'{"prefect.flow.id": "50d1f73f-db75-43fb-941c-d4d3cf462497"}',NULL);
INSERT INTO "deployment" VALUES('4132d848-8fd4-4748-a9e4-09b5f96c223a','2026-11-30 00:08:55.065303','2026-11-30 00:08:55.062893','ERP门店数据','["ERP", "\u95e8\u5e97"]','{}','0e90d678-8c71-4fbe-b51e-c63985deac22','每天07:00抓取ERP门店数据',NULL,'{"title": "Parameters", "type": "object", "properties": {}}',NULL,'3e6fa9cffdce0a09456fe962ef5c07eb','{}','.','scheduler_flows.py:erp_store_flow',NULL,NULL,NULL,NULL,'[]',1,NULL,0,'NOT_READY',NULL,NULL,NULL,'{"prefect.flow.id": "0e90d678-8c71-4fbe-b51e-c63985deac22"}',NULL);
INSERT INTO "deployment" VALUES('a8776c7b-27b0-4384-a15e-7753f24472f0','2026-11-30 00:08:55.487153','2026-11-30 00:08:55.484966','京东门店数据','["JD", "\u95e8\u5e97"]','{}','5d98dff1-7cdb-4f85-99d0-7d4e4e17f733','每天07:30抓取京东门店数据',NULL,'{"title": "Parameters", "type": "object", "properties": {}}',NULL,'3e6fa9cffdce0a09456fe962ef5c07eb','{}','.','scheduler_flows.py:jd_store_flow',NULL,NULL,NULL,NULL,'[]',1,NULL,0,'NOT_READY',NULL,NULL,NULL,'{"prefect.flow.id": "5d98dff1-7cdb-4f85-99d0-7d4e4e17f733"}',NULL);
INSERT INTO "deployment" VALUES('fc562067-2db1-4765-ad06-54ad52252de3','2026-11-30 00:08:55.855897','2026-11-30 00:08:55.836751','PDD质量数据','["PDD", "\u8d28\u91cf"]','{}','68f12d44-04f9-4cbf-9be5-630abe62d385','每天08:00抓取PDD质量数据',NULL,'{"title": "Parameters", "type": "object", "properties": {}}',NULL,'3e6fa9cffdce0a09456fe962ef5c07eb','{}','.','scheduler_flows.py:pdd_quality_flow',NULL,NULL,NULL,NULL,'[]',1,NULL,0,'NOT_READY',NULL,NULL,NULL,'{"prefect.flow.id": "68f12d44-04f9-4cbf-9be5-630abe62d385"}',NULL);
INSERT INTO "deployment" VALUES('4d68b411-88ba-4323-951a-c19ad1427e64','2026-11-30 00:08:56.399976','2026-11-30 00:08:56.392654','PDD差评数据','["PDD", "\u5dee\u8bc4"]','{}','6f7bac57-ca06-480c-ba99-c7c0979a0a20','每天08:30抓取PDD差评数据',NULL,'{"title": "Parameters", "type": "object", "properties": {}}',NULL,'3e6fa9cffdce0a09456fe962ef5c07eb','{}','.','scheduler_flows.py:pdd_review_flow',NULL,NULL,NULL,NULL,'[]',1,NULL,0,'NOT_READY',NULL,NULL,NULL,'{"prefect.flow.id": "6f7bac57-ca06-480c-ba99-c7c0979a0a20"}',NULL);
INSERT INTO "deployment" VALUES('2be6583f-e6a4-4594-bdd7-dd82f5579588','2026-11-30 00:08:56.882805','2026-11-30 00:08:56.880577','PDD聊天数据','["PDD", "\u5ba2\u670d"]','{}','aa09bd37-c628-4692-a971-81cde350e6cd','每天09:00抓取PDD聊天数据',NULL,'{"title": "Parameters", "type": "object", "properties": {}}',NULL,'3e6fa9cffdce0a09456fe962ef5c07eb','{}','.','scheduler_flows.py:pdd_chat_flow',NULL,NULL,NULL,NULL,'[]',1,NULL,1,'NOT_READY',NULL,NULL,NULL,'{"prefect.flow.id": "aa09bd37-c628-4692-a971-81cde350e6cd"}',NULL);
INSERT INTO "deployment" VALUES('46b5f8b5-c256-4efd-8ac1-051494518179','2026-11-30 00:08:57.273422','2026-11-30 00:08:57.265079','PDDKPI数据','["PDD", "KPI"]','{}','4ecb7c7d-be9c-4793-8bdf-0c82ac7bd423','每天11:00抓取PDD客服KPI',NULL,'{"title": "Parameters", "type": "object", "properties": {}}',NULL,'3e6fa9cffdce0a09456fe962ef5c07eb','{}','.','scheduler_flows.py:pdd_kpi_daily_flow',NULL,NULL,NULL,NULL,'[]',1,NULL,0,'NOT_READY',NULL,NULL,NULL,'{"prefect.flow.id": "4ecb7c7d-be9c-4793-8bdf-0c82ac7bd423"}',NULL);
INSERT INTO "deployment" VALUES('c6b32387-dfa5-4a4d-9ca1-ef0593b30d10','2026-11-30 00:08:57.711812','2026-11-30 00:08:57.701272','PDDKPI周报','["PDD", "KPI", "\u5468\u62a5"]','{}','6761b4c6-de13-45dc-aeec-1c56e7e6a91b','每周六12:00生成KPI周报',NULL,'{"title": "Parameters", "type": "object", "properties": {}}',NULL,'3e6fa9cffdce0a09456fe962ef5c07eb','{}','.','scheduler_flows.py:pdd_kpi_weekly_flow',NULL,NULL,NULL,NULL,'[]',1,NULL,0,'NOT_READY',NULL,NULL,NULL,'{"prefect.flow.id": "6761b4c6-de13-45dc-aeec-1c56e7e6a91b"}',NULL);
INSERT INTO "deployment" VALUES('2a17c903-00b3-4bd3-8237-11adab3117dc','2026-11-30 00:08:57.981328','2026-11-30 00:08:57.978656','PDDKPI月报','["PDD", "KPI", "\u6708\u62a5"]','{}','9aba2bc2-0660-4421-a664-f2fc18545eee','每月3号12:30生成KPI月报',NULL,'{"title": "Parameters", "type": "object", "properties": {}}',NULL,'3e6fa9cffdce0a09456fe962ef5c07eb','{}','.','scheduler_flows.py:pdd_kpi_monthly_flow',NULL,NULL,NULL,NULL,'[]',1,NULL,0,'NOT_READY',NULL,NULL,NULL,'{"prefect.flow.id": "9aba2bc2-0660-4421-a664-f2fc18545eee"}',NULL);
INSERT INTO "deployment" VALUES('36d45d52-8757-4fec-99b8-39144acc834a','2026-11-30 00:08:58.131085','2026-11-30 00:08:58.128921','zoned','[]','{"warehouse": "west"}','91ba0573-c791-4a38-aeba-0d5b70e2729c','Do nothing: what matters is when.',NULL,'{"title": "Parameters", "type": "object", "properties": {"warehouse": {"default": "east", "position": 0, "title": "warehouse", "type": "string"}}}',NULL,'7a8152c749a405f8945166afde2148d8','{}','.','../prefect/deploy_old_system.py:stock',NULL,NULL,NULL,NULL,'[]',1,NULL,0,'NOT_READY',NULL,NULL,NULL,'{"prefect.flow.id": "91ba0573-c791-4a38-aeba-0d5b70e2729c"}',NULL);
INSERT INTO "deployment" VALUES('5d8ce22f-61c9-4d17-908f-63be8e5489c9','2026-11-30 00:08:58.507364','2026-11-30 00:08:58.505120','six hours','[]','{"warehouse": "west"}','91ba0573-c791-4a38-aeba-0d5b70e2729c','Do nothing: what matters is when.',NULL,'{"title": "Parameters", "type": "object", "properties": {"warehouse": {"default": "east", "position": 0, "title": "warehouse", "type": "string"}}}',NULL,'7a8152c749a405f8945166afde2148d8','{}','.','../prefect/deploy_old_system.py:stock',NULL,NULL,NULL,NULL,'[]',1,NULL,0,'NOT_READY',NULL,NULL,NULL,'{"prefect.flow.id": "91ba0573-c791-4a38-aeba-0d5b70e2729c"}',NULL);
INSERT INTO "deployment" VALUES('4065126e-df7f-4948-897c-d3654ce22894','2026-11-30 00:08:58.997162','2026-11-30 00:08:58.994817','mondays','[]','{"warehouse": "west"}','91ba0573-c791-4a38-aeba-0d5b70e2729c','Do nothing: what matters is when.',NULL,'{"title": "Parameters", "type": "object", "properties": {"warehouse": {"default": "east", "position": 0, "title": "warehouse", "type": "string"}}}',NULL,'7a8152c749a405f8945166afde2148d8','{}','.','../prefect/deploy_old_system.py:stock',NULL,NULL,NULL,NULL,'[]',1,NULL,0,'NOT_READY',NULL,NULL,NULL,'{"prefect.flow.id": "91ba0573-c791-4a38-aeba-0d5b70e2729c"}',NULL);
INSERT INTO "deployment" VALUES('b6a5af79-c685-47bd-8caf-907f5f6cd037','2026-11-30 00:08:59.281582','2026-11-30 00:08:59.278938','both days','[]','{"warehouse": "west"}','91ba0573-c791-4a38-aeba-0d5b70e2729c','Do nothing: what matters is when.',NULL,'{"title": "Parameters", "type": "object", "properties": {"warehouse": {"default": "east", "position": 0, "title": "warehouse", "type": "string"}}}',NULL,'7a8152c749a405f8945166afde2148d8','{}','.','../prefect/deploy_old_system.py:stock',NULL,NULL,NULL,NULL,'[]',1,NULL,0,'NOT_READY',NULL,NULL,NULL,'{"prefect.flow.id": "91ba0573-c791-4a38-aeba-0d5b70e2729c"}',NULL);
INSERT INTO "deployment" VALUES('f64ab97f-cf56-4909-9722-abe0e3acb169','2026-11-30 00:08:59.450158','2026-11-30 00:08:59.447730','one of two','[]','{"warehouse": "west"}','91ba0573-c791-4a38-aeba-0d5b70e2729c','Do nothing: what matters is when.',NULL,'{"title": "Parameters", "type": "object", "properties": {"warehouse": {"default": "east", "position": 0, "title": "warehouse", "type": "string"}}}',NULL,'7a8152c749a405f8945166afde2148d8','{}','.','../prefect/deploy_old_system.py:stock',NULL,NULL,NULL,NULL,'[]',1,NULL,0,'NOT_READY',NULL,NULL,NULL,'{"prefect.flow.id": "91ba0573-c791-4a38-aeba-0d5b70e2729c"}',NULL);
INSERT INTO "deployment" VALUES('a2c00cb0-c44d-4071-8e46-55f765f3276d','2026-11-30 00:08:59.691779','2026-11-30 00:08:59.689284','by hand','[]','{"warehouse": "west"}','91ba0573-c791-4a38-aeba-0d5b70e2729c','Do nothing: what matters is when.',NULL,'{"title": "Parameters", "type": "object", "properties": {"warehouse": {"default": "east", "position": 0, "title": "warehouse", "type": "string"}}}',NULL,'7a8152c749a405f8945166afde2148d8','{}','.','../prefect/deploy_old_system.py:stock',NULL,NULL,NULL,NULL,'[]',1,NULL,0,'NOT_READY',NULL,NULL,NULL,'{"prefect.flow.id": "91ba0573-c791-4a38-aeba-0d5b70e2729c"}',NULL);
CREATE TABLE "deployment_schedule" (
	id CHAR(36) DEFAULT ((
        lower(hex(randomblob(4)))
        || '-'
        || lower(hex(randomblob(2)))
        || '-4'
        || substr(lower(hex(randomblob(2))),2)
        || '-'
        || substr('89ab',abs(random()) % 4 + 1, 1)
        || substr(lower(hex(randomblob(2))),2)
        || '-'
        || lower(hex(randomblob(6)))
    )) NOT NULL, 
	created DATETIME DEFAULT (strftime('%Y-%m-%d %H:%M:%f000', 'now')) NOT NULL, 
	updated DATETIME DEFAULT (strftime('%Y-%m-%d %H:%M:%f000', 'now')) NOT NULL, 
	schedule JSON NOT NULL, 
	active BOOLEAN NOT NULL, 
	deployment_id CHAR(36) NOT NULL, 
	max_scheduled_runs INTEGER, parameters JSON DEFAULT '{}' NOT NULL, slug VARCHAR, 
	CONSTRAINT pk_deployment_schedule PRIMARY KEY (id), 
	CONSTRAINT fk_deployment_schedule__deployment_id__deployment FOREIGN KEY(deployment_id) REFERENCES deployment (id) ON DELETE CASCADE
);
INSERT INTO "deployment_schedule" VALUES('d702b55a-f540-4ef9-912c-9e0ee42a145a','2026-11-30 00:08:54.124809','2026-11-30 00:08:54.124865','{"cron": "5 0 * * *", "timezone": null, "day_or": true}',1,'1a61869c-e1da-456d-918d-34dfa2af9429',NULL,'{}',NULL);
INSERT INTO "deployment_schedule" VALUES('a683da78-6cfb-4341-83be-0818c938340b','2026-11-30 00:08:54.491739','2026-11-30 00:08:54.491780','{"cron": "10 0 * * 6", "timezone": null, "day_or": true}',1,'d2bbb091-6ed2-44b0-bced-683aa63fabec',NULL,'{}',NULL);
INSERT INTO "deployment_schedule" VALUES('fb6cc6bd-a7eb-4150-b951-b56133f7c550','2026-11-30 00:08:54.881917','2026-11-30 00:08:54.881945','{"cron": "15 0 1 * *", "timezone": null, "day_or": true}',1,'262815df-455c-456f-84bc-ee01f9cd2ada',NULL,'{}',NULL);
INSERT INTO "deployment_schedule" VALUES('08c411bc-8779-4067-95eb-47fe91b2f344','2026-11-30 00:08:55.072834','2026-11-30 00:08:55.072870','{"cron": "0 7 * * *", "timezone": null, "day_or": true}',1,'4132d848-8fd4-4748-a9e4-09b5f96c223a',NULL,'{}',NULL);
INSERT INTO "deployment_schedule" VALUES('1056a087-88c5-43fc-9df3-3cf86ac04f8f','2026-11-30 00:08:55.494178','2026-11-30 00:08:55.494205','{"cron": "30 7 * * *", "timezone": null, "day_or": true}',1,'a8776c7b-27b0-4384-a15e-7753f24472f0',NULL,'{}',NULL);
INSERT INTO "deployment_schedule" VALUES('6347f5a9-660e-48d8-99a7-9b4ed768468b','2026-11-30 00:08:55.905352','2026-11-30 00:08:55.905417','{"cron": "0 8 * * *", "timezone": null, "day_or": true}',1,'fc562067-2db1-4765-ad06-54ad52252de3',NULL,'{}',NULL);
INSERT INTO "deployment_schedule" VALUES('759fdfc2-fedb-47bf-89db-ca7cf5c65a06','2026-11-30 00:08:56.455789','2026-11-30 00:08:56.455844','{"cron": "30 8 * * *", "timezone": null, "day_or": true}',1,'4d68b411-88ba-4323-951a-c19ad1427e64',NULL,'{}',NULL);
INSERT INTO "deployment_schedule" VALUES('90e1b565-de3f-4d88-8af0-112f9ab67132','2026-11-30 00:08:56.890001','2026-11-30 00:08:56.890030','{"cron": "0 9 * * *", "timezone": null, "day_or": true}',1,'2be6583f-e6a4-4594-bdd7-dd82f5579588',NULL,'{}',NULL);
INSERT INTO "deployment_schedule" VALUES('44254732-c76e-490a-b1f5-b326d6fd80e0','2026-11-30 00:08:57.371741','2026-11-30 00:08:57.371811','{"cron": "0 11 * * *", "timezone": null, "day_or": true}',1,'46b5f8b5-c256-4efd-8ac1-051494518179',NULL,'{}',NULL);
INSERT INTO "deployment_schedule" VALUES('ecb4bb07-b49a-465b-afcb-94f03bb8cbea','2026-11-30 00:08:57.743761','2026-11-30 00:08:57.743822','{"cron": "0 12 * * 6", "timezone": null, "day_or": true}',1,'c6b32387-dfa5-4a4d-9ca1-ef0593b30d10',NULL,'{}',NULL);
INSERT INTO "deployment_schedule" VALUES('eaf07cda-1af8-41ae-bf20-fb0e694ba2ae','2026-11-30 00:08:57.988348','2026-11-30 00:08:57.988376','{"cron": "30 12 3 * *", "timezone": null, "day_or": true}',1,'2a17c903-00b3-4bd3-8237-11adab3117dc',NULL,'{}',NULL);
INSERT INTO "deployment_schedule" VALUES('892a5b4a-9e27-4e22-8475-6e201e290796','2026-11-30 00:08:58.138152','2026-11-30 00:08:58.138192','{"cron": "0 8 * * *", "timezone": "Asia/Shanghai", "day_or": true}',1,'36d45d52-8757-4fec-99b8-39144acc834a',NULL,'{}',NULL);
INSERT INTO "deployment_schedule" VALUES('d462b1e3-b590-4fc8-bb16-c4c2eae9dac6','2026-11-30 00:08:58.514353','2026-11-30 00:08:58.514381','{"interval": 21600.0, "anchor_date": "2026-01-01T02:00:00Z", "timezone": "Asia/Shanghai"}',1,'5d8ce22f-61c9-4d17-908f-63be8e5489c9',NULL,'{}',NULL);
INSERT INTO "deployment_schedule" VALUES('74d2cfe8-f665-402a-b84c-bae2f654e883','2026-11-30 00:08:59.004831','2026-11-30 00:08:59.004860','{"rrule": "DTSTART:20200101T000000\nFREQ=WEEKLY;BYDAY=MO;BYHOUR=9;BYMINUTE=0;BYSECOND=0", "timezone": "UTC"}',1,'4065126e-df7f-4948-897c-d3654ce22894',NULL,'{}',NULL);
INSERT INTO "deployment_schedule" VALUES('713afcc1-d4af-441a-9b93-19d89f1bdc9d','2026-11-30 00:08:59.288717','2026-11-30 00:08:59.288749','{"cron": "0 12 13 * 5", "timezone": "Asia/Shanghai", "day_or": false}',1,'b6a5af79-c685-47bd-8caf-907f5f6cd037',NULL,'{}',NULL);
INSERT INTO "deployment_schedule" VALUES('43b55d12-6904-44ec-adf2-ce57abdbbab8','2026-11-30 00:08:59.458626','2026-11-30 00:08:59.458653','{"cron": "0 1 * * *", "timezone": null, "day_or": true}',0,'f64ab97f-cf56-4909-9722-abe0e3acb169',NULL,'{}',NULL);
INSERT INTO "deployment_schedule" VALUES('cd41071e-15ca-4211-97ed-130f20520704','2026-11-30 00:08:59.458665','2026-11-30 00:08:59.458671','{"cron": "0 2 * * *", "timezone": null, "day_or": true}',1,'f64ab97f-cf56-4909-9722-abe0e3acb169',NULL,'{}',NULL);
CREATE TABLE flow (
	id CHAR(36) DEFAULT (
    (
        lower(hex(randomblob(4))) 
        || '-' 
        || lower(hex(randomblob(2))) 
        || '-4' 
        || substr(lower(hex(randomblob(2))),2) 
        || '-' 
        || substr('89ab',abs(random()) % 4 + 1, 1) 
        || substr(lower(hex(randomblob(2))),2) 
        || '-' 
        || lower(hex(randomblob(6)))
    )
    ) NOT NULL, 
	created DATETIME DEFAULT (strftime('%Y-%m-%d %H:%M:%f000', 'now')) NOT NULL, 
	updated DATETIME DEFAULT (strftime('%Y-%m-%d %H:%M:%f000', 'now')) NOT NULL, 
	name VARCHAR NOT NULL, 
	tags JSON DEFAULT '[]' NOT NULL, labels JSON, 
	CONSTRAINT pk_flow PRIMARY KEY (id), 
	CONSTRAINT uq_flow__name UNIQUE (name)
);
INSERT INTO "flow" VALUES('8b86d78d-ec34-4491-a4ac-2b5139429ddf','2026-11-30 00:08:53.998658','2026-11-30 00:08:53.998695','统一任务生成-每日','[]','{}');
INSERT INTO "flow" VALUES('22465fa2-c56e-4a87-8617-375b2371ff0b','2026-11-30 00:08:54.439626','2026-11-30 00:08:54.439673','统一任务生成-每周','[]','{}');
INSERT INTO "flow" VALUES('50d1f73f-db75-43fb-941c-d4d3cf462497','2026-11-30 00:08:54.851813','2026-11-30 00:08:54.851870','统一任务生成-每月','[]','{}');
INSERT INTO "flow" VALUES('0e90d678-8c71-4fbe-b51e-c63985deac22','2026-11-30 00:08:55.052430','2026-11-30 00:08:55.052470','ERP门店数据','[]','{}');
INSERT INTO "flow" VALUES('5d98dff1-7cdb-4f85-99d0-7d4e4e17f733','2026-11-30 00:08:55.474268','2026-11-30 00:08:55.474298','京东门店数据','[]','{}');
INSERT INTO "flow" VALUES('68f12d44-04f9-4cbf-9be5-630abe62d385','2026-11-30 00:08:55.782656','2026-11-30 00:08:55.782734','PDD质量数据','[]','{}');
INSERT INTO "flow" VALUES('6f7bac57-ca06-480c-ba99-c7c0979a0a20','2026-11-30 00:08:56.326359','2026-11-30 00:08:56.326411','PDD差评数据','[]','{}');
INSERT INTO "flow" VALUES('aa09bd37-c628-4692-a971-81cde350e6cd','2026-11-30 00:08:56.864583','2026-11-30 00:08:56.864632','PDD聊天数据','[]','{}');
INSERT INTO "flow" VALUES('4ecb7c7d-be9c-4793-8bdf-0c82ac7bd423','2026-11-30 00:08:57.212785','2026-11-30 00:08:57.212844','PDDKPI数据','[]','{}');
INSERT INTO "flow" VALUES('6761b4c6-de13-45dc-aeec-1c56e7e6a91b','2026-11-30 00:08:57.660417','2026-11-30 00:08:57.660471','PDDKPI周报','[]','{}');
INSERT INTO "flow" VALUES('9aba2bc2-0660-4421-a664-f2fc18545eee','2026-11-30 00:08:57.968770','2026-11-30 00:08:57.968804','PDDKPI月报','[]','{}');
INSERT INTO "flow" VALUES('91ba0573-c791-4a38-aeba-0d5b70e2729c','2026-11-30 00:08:58.117491','2026-11-30 00:08:58.117523','stock','[]','{}');
CREATE TABLE "flow_run" (
	id CHAR(36) DEFAULT ((
        lower(hex(randomblob(4))) 
        || '-' 
        || lower(hex(randomblob(2))) 
        || '-4' 
        || substr(lower(hex(randomblob(2))),2) 
        || '-' 
        || substr('89ab',abs(random()) % 4 + 1, 1) 
        || substr(lower(hex(randomblob(2))),2) 
        || '-' 
        || lower(hex(randomblob(6)))
    )) NOT NULL, 
	created DATETIME DEFAULT (strftime('%Y-%m-%d %H:%M:%f000', 'now')) NOT NULL, 
	updated DATETIME DEFAULT (strftime('%Y-%m-%d %H:%M:%f000', 'now')) NOT NULL, 
	name VARCHAR NOT NULL, 
	state_type VARCHAR(9), 
	run_count INTEGER DEFAULT '0' NOT NULL, 
	expected_start_time DATETIME, 
	next_scheduled_start_time DATETIME, 
	start_time DATETIME, 
	end_time DATETIME, 
	total_run_time DATETIME DEFAULT '0' NOT NULL, 
	flow_version VARCHAR, 
	parameters JSON DEFAULT '{}' NOT NULL, 
	idempotency_key VARCHAR, 
	context JSON DEFAULT '{}' NOT NULL, 
	empirical_policy JSON DEFAULT '{}' NOT NULL, 
	tags JSON DEFAULT '[]' NOT NULL, 
	auto_scheduled BOOLEAN DEFAULT '0' NOT NULL, 
	flow_id CHAR(36) NOT NULL, 
	deployment_id CHAR(36), 
	parent_task_run_id CHAR(36), 
	state_id CHAR(36), 
	state_name VARCHAR, 
	infrastructure_document_id CHAR(36), 
	work_queue_name VARCHAR, 
	state_timestamp DATETIME, 
	created_by JSON, 
	infrastructure_pid VARCHAR, 
	work_queue_id CHAR(36), job_variables JSON DEFAULT '{}', deployment_version VARCHAR, labels JSON, 
	CONSTRAINT pk_flow_run PRIMARY KEY (id), 
	CONSTRAINT fk_flow_run__infrastructure_document_id__block_document FOREIGN KEY(infrastructure_document_id) REFERENCES block_document (id) ON DELETE CASCADE, 
	CONSTRAINT fk_flow_run__parent_task_run_id__task_run FOREIGN KEY(parent_task_run_id) REFERENCES task_run (id) ON DELETE SET NULL, 
	CONSTRAINT fk_flow_run__state_id__flow_run_state FOREIGN KEY(state_id) REFERENCES flow_run_state (id) ON DELETE SET NULL, 
	CONSTRAINT fk_flow_run__flow_id__flow FOREIGN KEY(flow_id) REFERENCES flow (id) ON DELETE CASCADE, 
	CONSTRAINT fk_flow_run__work_queue_id__work_queue FOREIGN KEY(work_queue_id) REFERENCES work_queue (id) ON DELETE SET NULL
);
INSERT INTO "flow_run" VALUES('6b6de9d8-01ef-492f-af52-510d7a44ab74','2026-11-30 00:08:55.185108','2026-11-30 00:08:55.243000','arcane-tody','COMPLETED',1,'2026-11-30 00:08:55.132062',NULL,'2026-11-30 00:08:55.217239','2026-11-30 00:08:55.236642','1970-01-01 00:00:00.019403',NULL,'{}',NULL,'{}','{"max_retries": 0, "retry_delay_seconds": 0.0, "retries": null, "retry_delay": null, "pause_keys": [], "resuming": false, "retry_type": null}','["ERP", "\u95e8\u5e97"]',0,'0e90d678-8c71-4fbe-b51e-c63985deac22','4132d848-8fd4-4748-a9e4-09b5f96c223a',NULL,'01a229c8-7ec4-7003-ae87-2f52c9953057','Completed',NULL,NULL,'2026-11-30 00:08:55.236642',NULL,NULL,NULL,'{}','3e6fa9cffdce0a09456fe962ef5c07eb','{"prefect.flow.id": "0e90d678-8c71-4fbe-b51e-c63985deac22", "prefect.deployment.id": "4132d848-8fd4-4748-a9e4-09b5f96c223a"}');
